import Chain
import ContractKit
import ContractSuite
import Duties
import Foundation
import Governance
import LedgerCrypto
import Logging
import NodeRuntime
import Primitives
import Replica
import Storage
import Testing
import Transport

@Suite(.serialized) struct GatekeeperTests {
    private static let newcomer = "partner-4"

    private func propose(_ claim: ValidatorClaim, _ network: DutyNetwork) async throws {
        try await network.send(
            Governance.propose.call(on: WellKnown.governance, Propose(.addValidator(claim))), by: 0)
    }

    /// A node whose key no setting names follows from the moment at which a proposal of the council claims the key, and no
    /// longer than that proposal is alive.
    @Test(.timeLimit(.minutes(3))) func claimedKeysAreLetInAndOutAgain() async throws {
        let key = try #require(Secp256k1.SecretKey([UInt8](repeating: 0, count: 31) + [99]))
        let network = try DutyNetwork { suite in
            suite.partners.append(
                Partner(id: Self.newcomer, name: "New", roles: [.validator], keys: [key.publicKey]))
        }
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        var logger = Logger(label: "gate")
        logger.logLevel = .error
        var gates: [Task<Void, Never>] = []
        for index in 0..<4 {
            let gate = Gatekeeper(node: try network.node(index), lookMilliseconds: 50, logger: logger)
            gates.append(Task { await gate.run() })
        }
        let identity = try TransportIdentity.generate()
        let folder = NSTemporaryDirectory() + "commonwatt-gate-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var settings = NodeConfiguration(genesis: network.genesis, key: nil, transport: identity, dataFolder: folder)
        settings.listenPort = nil
        settings.peers = (0..<4).map {
            PeerConfiguration(
                name: network.members[$0].partner, peer: network.members[$0].identity.peer, host: "127.0.0.1",
                port: network.port($0))
        }
        settings.journal.segmentBytes = 16 * 1024 * 1024
        let follower = try await ContractNode.start(
            application: ContractSuite.application, configuration: settings, logger: logger)

        // A claim that its key did not sign lets nobody in.
        let right = ValidatorClaim(
            network: network.genesis.network, partner: Self.newcomer, consensusKey: key, transportKey: identity.peer)
        let other = ValidatorClaim(
            network: .zero, partner: Self.newcomer, consensusKey: key, transportKey: identity.peer)
        try await propose(ValidatorClaim(validator: right.validator, proof: other.proof), network)
        try await network.blocks(4, at: 0)
        #expect(follower.view.tip.height == Height(0))

        try await propose(right, network)
        let goal = try network.node(0).view.tip.height
        #expect(try await follower.finalHeight(reaching: goal, waitingMilliseconds: 60_000) >= goal)

        // The proposal is taken back: so is the place.
        try await network.send(Governance.withdraw.call(on: WellKnown.governance, ProposalID(1)), by: 0)
        try await eventually("the follower is out") { await follower.snapshot().peers.allSatisfy { !$0.isConnected } }
        await follower.stop()
        for gate in gates { gate.cancel() }
        await network.stop([0, 1, 2, 3])
    }
}
