import Chain
import LedgerCrypto
import LedgerState
import Primitives
import TestSupport
import Testing

@testable import Consensus
@testable import Replica

/// Faulty peers against replicas that are right.
@Suite struct ByzantineTests {
    /// One node executes otherwise: its proposals are refused with an explanation, it finds out that it is the odd one,
    /// and the others go on.
    @Test func aDivergingValidatorStopsNobody() throws {
        let network = try TestNetwork(seed: 50)
        network.nodes[2].application.isWrong = true
        try network.startAll()
        var sent: [Transaction] = []
        for round in 0..<8 {
            sent.append(try network.put("key \(round)"))
            try network.submit([sent[round]], to: round % 2)
            try network.run(200)
        }
        let isDone = try network.run(10_000) {
            [0, 1, 3].allSatisfy { node in sent.allSatisfy { network.isFinal($0, at: node) } }
        }
        #expect(isDone)
        let wrong = network.nodes[2]
        #expect(wrong.halted != nil || wrong.status?.isDiverged == true)
        #expect(wrong.notes.contains { $0.level == .error && $0.text.contains("write set") })
        for index in [0, 1, 3] { #expect(network.nodes[index].halted == nil) }
    }

    /// A validator that contradicts itself in every view is reported once in many of them, each validator for itself.
    @Test func evidenceIsReportedOnceInManyViews() throws {
        let network = try TestNetwork(seed: 52)
        try network.startAll()
        try network.run(1_000)
        let view = try #require(network.nodes[0].status?.view)
        var reported: [UInt16] = []
        for offset in UInt64(1)...40 {
            for signer in [1, 2] {
                for content in [1, 2] {
                    let payload = VotePayload(
                        network: network.genesis.network, epoch: Epoch(0), kind: .notarize,
                        view: view.advanced(by: offset), digest: SHA256.hash([UInt8(content)]))
                    let vote = Vote(signing: payload, signer: UInt16(signer), key: network.nodes[signer].identity.key)
                    let effects = try network.nodes[0].replica?.step(
                        .message(.consensus(.vote(vote), transactions: []), from: network.nodes[3].identity.peer),
                        at: network.instant)
                    for case .evidence(let evidence) in effects ?? [] { reported.append(evidence.first.signer) }
                }
            }
        }
        #expect(reported == [1, 2])
    }

    /// A proposer that answers requests for its block's transactions with another one does not keep the others from asking
    /// who has them: its blocks become final all the same.
    @Test func wrongAnswersToRequestsForTransactionsCostATurnOnly() throws {
        let network = try TestNetwork(seed: 53) {
            $0.checkpointBlocks = 4
            $0.inlineProposalBytesMax = 0
        }
        let other = try network.put("other")
        network.drops = { if case .transactions = $0 { true } else { false } }
        network.rewrites = { message, node in
            guard node == 1, case .response(.transactions, let id) = message else { return message }
            return .response(.transactions([other]), id: id)
        }
        try network.startAll()
        var sent: [Transaction] = []
        for round in 0..<12 {
            sent.append(try network.put("key \(round)"))
            for node in [0, 1] { try network.submit([sent[round]], to: node) }
            try network.run(300)
        }
        #expect(try network.runUntilFinal(sent))
        let blocks = network.nodes[2].finalized.values.map(\.block)
        #expect(blocks.contains { $0.header.proposer == 1 && !$0.transactions.isEmpty })
    }

    /// Proposals that break a rule, made by the right leader with the right key, are refused by all others.
    @Test(arguments: Fault.allCases)
    func invalidProposalsAreRefused(_ fault: Fault) throws {
        let network = try TestNetwork(seed: 51)
        try network.startAll()
        let honest = try network.put("honest")
        try network.submit([honest], to: 0)
        #expect(try network.runUntilFinal([honest]))
        try network.run(5_000)
        // The leader of the current view is replaced by a faulty one.
        let view = try #require(network.nodes[0].status?.view)
        let set = network.genesis.validators
        let leader = set.leader(of: view)
        let judge = (leader + 1) % 4
        let proposal = try network.nodes[judge].reading { replica in
            try fault.proposal(above: replica, by: leader, network: network, included: honest)
        }
        let effects = try network.nodes[judge].replica?.step(
            .message(
                .consensus(.proposal(proposal.proposal), transactions: proposal.transactions),
                from: network.nodes[leader].identity.peer), at: network.instant)
        let votes = (effects ?? []).compactMap { effect -> Vote? in
            guard case .journal(let bytes, _, _) = effect,
                case .consensus(.vote(let vote)) = try? JournalEntry(bytes: bytes)
            else { return nil }
            return vote
        }
        if fault == .none {
            #expect(votes.map(\.kind) == [.notarize])
        } else {
            #expect(!votes.contains { $0.kind == .notarize }, "\(votes)")
        }
    }

    enum Fault: CaseIterable {
        case none, wrongStateRoot, wrongReceiptsRoot, wrongNextSet, replay, twice, expired, expiryTooFar, otherNetwork
        case notAdmitted, badSignature, wrongHeight, otherTransactions

        struct Made {
            let proposal: Proposal
            let transactions: [Transaction]
        }

        func proposal(
            above replica: borrowing Replica, by leader: Int, network: TestNetwork, included: Transaction
        ) throws -> Made {
            let tip = replica.view.tip
            let time = max(network.instant.wall, tip.time.next)
            let stranger = try #require(Secp256k1.SecretKey(SHA256.hash(Array("stranger".utf8)).bytes))
            func signed(
                id: Digest? = nil, expiresIn: UInt64 = 1_000, by key: Secp256k1.SecretKey? = nil
            ) throws -> Transaction {
                let key = key ?? network.clients[0]
                let body = TransactionBody(
                    network: id ?? network.genesis.network, sender: key.publicKey,
                    expiry: time.adding(milliseconds: expiresIn), salt: 99, calls: [TestApplication.put([1], [2])])
                return try Transaction(signing: body, with: key)
            }
            var transactions = [try signed()]
            switch self {
            case .replay: transactions = [included]
            case .twice: transactions.append(transactions[0])
            case .expired:
                let body = TransactionBody(
                    network: network.genesis.network, sender: network.clients[0].publicKey,
                    expiry: Timestamp(time.value - 1), salt: 1, calls: [TestApplication.put([1], [2])])
                transactions = [try Transaction(signing: body, with: network.clients[0])]
            case .expiryTooFar: transactions = [try signed(expiresIn: 600_001)]
            case .otherNetwork: transactions = [try signed(id: .zero)]
            case .notAdmitted: transactions = [try signed(by: stranger)]
            case .badSignature:
                var bytes = transactions[0].bytes
                bytes[bytes.count - 1] ^= 1
                transactions = [try Transaction(bytes: bytes)]
            default: break
            }
            let height = self == .wrongHeight ? tip.height.next.next : tip.height.next
            let context = replica.context(height: height, time: time, parent: tip.digest, proposer: UInt16(leader))
            let execution = try replica.execute(transactions, context: context, over: replica.view.state)
            let header = BlockHeader(
                network: network.genesis.network, height: height, view: replica.status.view, epoch: Epoch(0),
                parent: tip.digest, parentView: replica.machine.final, time: time, proposer: UInt16(leader),
                transactionsRoot: Block.transactionsRoot(transactions.map(\.digest)),
                stateRoot: self == .wrongStateRoot ? .zero : execution?.state.root ?? .zero,
                receiptsRoot: self == .wrongReceiptsRoot ? .zero : execution?.receiptsRoot ?? .zero,
                validatorSet: network.genesis.validators.digest,
                nextValidatorSet: self == .wrongNextSet ? .zero : network.genesis.validators.digest)
            let payload = VotePayload(
                network: network.genesis.network, epoch: Epoch(0), kind: .notarize, view: header.view,
                digest: header.digest)
            let vote = Vote(signing: payload, signer: UInt16(leader), key: network.nodes[leader].identity.key)
            var named = transactions
            if self == .otherTransactions { named = [included] }
            let proposal = Proposal(
                header: header, transactions: named.map(\.digest), vote: vote, parent: replica.view.finalization,
                nullifications: replica.nullificationsAboveFinal)
            return Made(proposal: proposal, transactions: named)
        }
    }

    /// Random and damaged messages from a connected peer: no trap, no halt, and the chain goes on.
    @Test(arguments: [UInt64(1), 2])
    func rubbishStopsNobody(_ seed: UInt64) throws {
        let network = try TestNetwork(seed: 60 + seed)
        try network.startAll()
        var random = SeededGenerator(seed: seed)
        var samples = try FormatTests.messages().map(\.message)
        network.drops = { message in
            if samples.count < 400 { samples.append(message) }
            return false
        }
        let faulty = network.nodes[3].identity.peer
        var sent: [Transaction] = []
        for round in 0..<30 {
            sent.append(try network.put("key \(round)"))
            try network.submit([sent[round]], to: round % 3)
            for _ in 0..<40 {
                guard let sample = samples.randomElement(using: &random) else { continue }
                let message =
                    Bool.random(using: &random) ? sample : (try? PeerMessage.decode(random.damage(sample.bcs)))
                if let message { network.push(.message(message, from: faulty), to: Int(random.next() % 3), after: 1) }
            }
            try network.run(60)
        }
        #expect(try network.runUntilFinal(sent, milliseconds: 20_000))
        for node in network.nodes { #expect(node.halted == nil) }
    }

    /// A peer that claims a far higher chain and an epoch to come, but never answers, does not stop its victims.
    @Test func falseClaimsStopNobody() throws {
        let network = try TestNetwork(seed: 70)
        try network.startAll()
        let liar = network.nodes[3].identity.peer
        network.passes = { from, _ in from != 3 }
        let claim = Hello(
            network: network.genesis.network, height: Height(.max), tip: .zero, epoch: Epoch(.max))
        var sent: [Transaction] = []
        for round in 0..<10 {
            for node in 0..<3 { network.push(.message(.hello(claim), from: liar), to: node, after: 1) }
            sent.append(try network.put("key \(round)"))
            #expect(try network.submit([sent[round]], to: round % 3) == [nil])
            try network.run(200)
            // Nor does one node's word make anybody say that it is behind.
            for node in 0..<3 { #expect(network.nodes[node].replica?.status.isSyncing == false, "node \(node)") }
        }
        let isDone = try network.run(20_000) {
            (0..<3).allSatisfy { node in sent.allSatisfy { network.isFinal($0, at: node) } }
        }
        #expect(isDone)
    }

    /// Requests beyond a peer's credit hear `busy`, whatever is asked for, and far beyond it nothing at all; a new link is no new
    /// credit. With time it comes back.
    @Test func requestsAreBounded() throws {
        let network = try TestNetwork(validators: 1)
        try network.startAll()
        let sent = try network.put("x")
        try network.submit([sent], to: 0)
        #expect(try network.runUntilFinal([sent]))
        let peer = Identity(7).peer
        try network.step(.connected(peer), at: 0)
        func ask(_ times: Int) throws -> (answered: Int, busy: Int) {
            var heard = (answered: 0, busy: 0)
            for id in 0..<UInt64(times) {
                let effects = try network.nodes[0].replica?.step(
                    .message(.request(.range(from: Height(1)), id: id), from: peer), at: network.instant)
                for case .send(.response(let response, _), _) in effects ?? [] {
                    if response == .busy { heard.busy += 1 } else { heard.answered += 1 }
                }
            }
            return heard
        }
        let first = try ask(40_000)
        #expect(first.answered > 1_000 && first.answered < 4_000 && first.busy == 16, "\(first)")
        try network.step(.disconnected(peer), at: 0)
        try network.step(.connected(peer), at: 0)
        #expect(try ask(100) == (0, 0))
        // 32 requests' worth.
        try network.run(20)
        let later = try ask(100)
        #expect(later.answered > 0 && later.answered < 60 && later.busy == 16, "\(later)")
    }
}

extension Replica {
    /// Nullifications between the final view and the current one, as a proposal carries them.
    var nullificationsAboveFinal: [Certificate] {
        var certificates: [Certificate] = []
        var view = machine.final.next
        while view < machine.view {
            if let certificate = machine.views[view]?.nullification { certificates.append(certificate) }
            view = view.next
        }
        return certificates
    }
}
