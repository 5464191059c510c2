import Chain
import Consensus
import LedgerCrypto
import Primitives
import Testing

@testable import Replica

/// Messages that cost their receiver work and their sender nothing: the first false one ends what is heard of the sender, and
/// requests cost it what they cost here.
@Suite struct FloodTests {
    /// Messages of the hostile node 3 to node 0.
    private func flood(_ network: TestNetwork, _ message: PeerMessage, times: Int) throws {
        for _ in 0..<times {
            try network.step(.message(message, from: network.nodes[3].identity.peer), at: 0)
        }
    }

    private func running() throws -> TestNetwork {
        let network = try TestNetwork(seed: 90)
        try network.startAll()
        try network.run(1_000)
        return network
    }

    private func falseNullifications(_ network: TestNetwork, through last: View) -> [Certificate] {
        let first = last.value - min(last.value - 1, 63)
        return (first...last.value).map { view in
            let payload = VotePayload(
                network: network.genesis.network, epoch: Epoch(0), kind: .nullify, view: View(view), digest: .zero)
            let signature = network.nodes[3].identity.key.sign(payload.signingDigest)
            return Certificate(
                epoch: Epoch(0), kind: .nullify, view: View(view), digest: .zero,
                entries: (0..<4).map { Certificate.Entry(signer: UInt16($0), signature: signature) })
        }
    }

    /// The hostile node loses its link at the first message, what it had sent behind it is not heard, and the chain goes on,
    /// with it as well once it may link again.
    private func isShunnedOnce(_ network: TestNetwork, _ message: PeerMessage) throws {
        let hostile = network.nodes[3].identity.peer
        try flood(network, message, times: 50)
        #expect(network.nodes[0].shunned.map(\.peer) == [hostile])
        #expect(try network.nodes[0].reading { $0.peers.isConnected(hostile) } == false)
        #expect(network.nodes[0].notes.count { $0.text.contains("is shunned") } == 1)
        let sent = try network.put("x")
        try network.submit([sent], to: 0)
        #expect(try network.runUntilFinal([sent]))
        try network.run(2 * TestNetwork.shunMilliseconds)
        #expect(try network.nodes[0].reading { $0.peers.isConnected(hostile) })
        for node in network.nodes.dropFirst() { #expect(node.shunned.isEmpty) }
    }

    @Test func falseCertificates() throws {
        let network = try running()
        let view = try #require(network.nodes[0].status?.view)
        let certificates = falseNullifications(network, through: view.advanced(by: 63))
        try isShunnedOnce(network, .consensus(.certificates(certificates), transactions: []))
    }

    @Test func falseJustification() throws {
        let network = try running()
        let view = try #require(network.nodes[0].status?.view).advanced(by: 8)
        let set = network.genesis.validators
        let leader = UInt16(set.leader(of: view))
        let header = BlockHeader(
            network: network.genesis.network, height: Height(9), view: view, epoch: Epoch(0), parent: .zero,
            parentView: View(0), time: Timestamp(1), proposer: leader, transactionsRoot: Block.transactionsRoot([]),
            stateRoot: .zero, receiptsRoot: .zero, validatorSet: set.digest, nextValidatorSet: set.digest)
        let payload = VotePayload(
            network: network.genesis.network, epoch: Epoch(0), kind: .notarize, view: view, digest: header.digest)
        let other = network.nodes[(Int(leader) + 1) % 4].identity.key
        let proposal = Proposal(
            header: header, transactions: [], vote: Vote(signing: payload, signer: leader, key: other), parent: nil,
            nullifications: falseNullifications(network, through: View(view.value - 1)))
        try isShunnedOnce(network, .consensus(.proposal(proposal), transactions: []))
    }

    /// Requests for what nobody has: few are answered, though each answer is empty.
    @Test func unknownTransactions() throws {
        let network = try TestNetwork(validators: 1) { $0.checkpointBlocks = 64 }
        try network.startAll()
        let known = try network.put("x")
        try network.submit([known], to: 0)
        #expect(try network.runUntilFinal([known]))
        let peer = Identity(7).peer
        try network.step(.connected(peer), at: 0)
        let unknown = (0..<Block.transactionsMax).map { Digest(words: (UInt64($0), 1, 2, 3)) }
        func answers(_ digests: [Digest], times: Int) throws -> [FetchResponse] {
            var answers: [FetchResponse] = []
            for id in 0..<UInt64(times) {
                let request = PeerMessage.request(.transactions(digests), id: id)
                let effects = try network.nodes[0].replica?.step(.message(request, from: peer), at: network.instant)
                for case .send(.response(let response, _), _) in effects ?? [] { answers.append(response) }
            }
            return answers
        }
        // A final block's, among others.
        #expect(try answers([unknown[0], known.digest, unknown[1]], times: 1) == [.transactions([known])])
        let flooded = try answers(unknown, times: 200)
        #expect(flooded.count { $0 != .busy } < 40)
        // It hears so often that it must wait, and then nothing.
        #expect(flooded.count { $0 == .busy } == 16)
        #expect(flooded.last == .busy)
        // The credit comes back with time.
        try network.run(2_000)
        #expect(try answers([known.digest], times: 1) == [.transactions([known])])
    }

    /// A question of twenty bytes, whose answer has 64 certificates, is answered as long as the peer has credit.
    @Test func questionsOfTheConsensus() throws {
        let network = try running()
        // The heartbeat's block, so that there is a certificate to ask for.
        try network.run(1_000)
        let asker = Identity(7).peer
        try network.step(.connected(asker), at: 0)
        let view = try #require(network.nodes[0].status?.view)
        let question = PeerMessage.consensus(
            .certificatesRequest(epoch: Epoch(0), first: View(1), last: view), transactions: [])
        func answers(_ times: Int) throws -> Int {
            var count = 0
            for _ in 0..<times {
                let effects = try network.nodes[0].replica?.step(.message(question, from: asker), at: network.instant)
                for case .send(.consensus(.certificates, _), _) in effects ?? [] { count += 1 }
            }
            return count
        }
        #expect(try answers(1) == 1)
        let flooded = try answers(30_000)
        #expect(flooded > 0 && flooded < 29_000, "\(flooded) of 30,000 were answered")
        #expect(try answers(1) == 0)
        // The credit comes back with time.
        try network.run(2_000)
        #expect(try answers(1) == 1)
        #expect(network.nodes[0].shunned.isEmpty)
    }

    /// A validator that connects again and again is not told each time what this node's clients have sent.
    @Test func linksThatComeAndGo() throws {
        // Alone of four it decides nothing: what is submitted waits.
        let network = try TestNetwork()
        try network.start(0)
        let sent = try (0..<1_500).map { try network.put("own \($0)", client: $0 % 4) }
        #expect(try network.submit(sent, to: 0) == Array(repeating: nil, count: 1_500))
        let peer = network.nodes[1].identity.peer
        func told() throws -> Int {
            var count = 0
            for event in [ReplicaEvent.connected(peer), .tick] {
                let effects = try network.nodes[0].replica?.step(event, at: network.instant)
                for case .send(.transactions(let transactions), [peer]) in effects ?? [] { count += transactions.count }
            }
            _ = try network.nodes[0].replica?.step(.disconnected(peer), at: network.instant)
            return count
        }
        // In parts, but all.
        #expect(try told() == 1_500)
        var all = 0
        for _ in 0..<1_000 { all += try told() }
        #expect(all > 0 && all < 100 * 1_500, "\(all)")
        #expect(try told() == 0)
        // Who stays is told once it has credit.
        _ = try network.nodes[0].replica?.step(.connected(peer), at: network.instant)
        #expect(try network.nodes[0].reading { $0.peers.owed.map(\.peer) } == [peer])
        try network.run(2_000)
        #expect(try network.nodes[0].reading { $0.peers.owed.isEmpty })
    }

    /// A peer whose link is right and that greets for another network does so once.
    @Test func greetingsOfAnotherNetwork() throws {
        let network = try running()
        let tip = try #require(network.nodes[0].status?.height)
        try isShunnedOnce(
            network, .hello(Hello(network: SHA256.hash([9]), height: tip, tip: .zero, epoch: Epoch(0))))
    }

    /// The rule for signatures, as runtime and simulator use it.
    @Test func signaturesAreCheckedUpToTheFirstWrongOne() throws {
        let network = try TestNetwork(validators: 1)
        let right = try (0..<3).map { try network.put("\($0)") }
        var bytes = right[1].bytes
        bytes[bytes.count - 1] ^= 1
        let wrong = try Transaction(bytes: bytes)
        var checks = 0
        let check = SignatureCheck([right[0], wrong, right[2]]) {
            checks += 1
            return SignedTransaction(verifying: $0)
        }
        #expect(check.signed.map(\.digest) == [right[0].digest])
        #expect(check.wrong == wrong && check.reason != nil && checks == 2)
        #expect(SignatureCheck(right) { SignedTransaction(verifying: $0) }.reason == nil)
    }
}
