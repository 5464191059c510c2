import Chain
import Consensus
import LedgerCrypto
import LedgerState
import Primitives
import Replica
import TestSupport
import Testing

@Suite struct NetworkTests {
    @Test func fourReplicasAgree() throws {
        let network = try TestNetwork()
        try network.startAll()
        var sent: [Transaction] = []
        for round in 0..<20 {
            let transaction = try network.put("key \(round)", client: round % 4)
            #expect(try network.submit([transaction], to: round % 4) == [nil])
            sent.append(transaction)
            try network.run(30)
        }
        let isDone = try network.run(5_000) {
            network.nodes.indices.allSatisfy { node in sent.allSatisfy { network.isFinal($0, at: node) } }
        }
        #expect(isDone)
        for node in network.nodes {
            print(node.tip, node.replica?.status as Any, network.messageCount)
            #expect(node.halted == nil)
            let value = try node.replica?.view.state.value(TestApplication.stateKey(Array("key 7".utf8)))
            #expect(value == Array("value of key 7".utf8))
        }
        let before = network.nodes[0].tip
        try network.run(10_000)
        print("idle 10 s:", before, network.nodes[0].tip, network.nodes[0].notes)
    }
}
