import Chain
import ContractHost
import ContractKit
import ContractSuite
import Duties
import Foundation
import LedgerCrypto
import Logging
import NodeRuntime
import Primitives
import Replica
import Storage
import Testing
import Transport

typealias ContractNode = LedgerNode<ContractApplication>

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Four validators with the real contracts on loopback, each with its reporter, as four processes would be.
final class DutyNetwork {
    struct Member {
        let partner: String
        let consensus: Secp256k1.SecretKey
        let operatorKey: Secp256k1.SecretKey
        let identity: TransportIdentity
        var validator: Validator {
            Validator(partner: partner, consensusKey: consensus.publicKey, transportKey: identity.peer)
        }
    }

    let members: [Member]
    let genesis: Genesis
    private let folder = NSTemporaryDirectory() + "commonwatt-duties-" + UUID().uuidString
    private(set) var nodes: [ContractNode?] = [nil, nil, nil, nil]
    private(set) var reporters: [Reporter?] = [nil, nil, nil, nil]
    private(set) var queues: [EvidenceQueue?] = [nil, nil, nil, nil]
    private var tasks: [Task<Void, Never>?] = [nil, nil, nil, nil]
    private var ports = [0, 0, 0, 0]
    /// What the reporters take for their own release.
    var release = ContractSuite.release

    init(adjust: (inout SuiteGenesis) -> Void = { _ in }) throws {
        members = try (0..<4).map { index in
            let numbers = [UInt8(2 * index + 1), UInt8(2 * index + 2)]
            let keys = numbers.compactMap { Secp256k1.SecretKey([UInt8](repeating: 0, count: 31) + [$0]) }
            return Member(
                partner: "partner-\(index)", consensus: keys[0], operatorKey: keys[1],
                identity: try TransportIdentity.generate())
        }
        var suite = SuiteGenesis(
            partners: members.map {
                Partner(
                    id: $0.partner, name: $0.partner, roles: [.council, .validator], keys: [$0.operatorKey.publicKey])
            })
        adjust(&suite)
        var parameters = ChainParameters()
        parameters.heartbeatMilliseconds = 300
        // Contradictions in many views, far apart, are told of without a wait for each.
        parameters.voteWindowViews = 1_024
        genesis = Genesis(
            name: "duties", time: Timestamp(UInt64(Date().timeIntervalSince1970 * 1000)), parameters: parameters,
            validators: try ValidatorSet(members.map(\.validator)), application: suite.bcs)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private var peers: [PeerConfiguration] {
        (0..<4).filter { ports[$0] != 0 }.map {
            PeerConfiguration(
                name: members[$0].partner, peer: members[$0].identity.peer, host: "127.0.0.1", port: ports[$0])
        }
    }

    private func configuration(_ index: Int) -> NodeConfiguration {
        var made = NodeConfiguration(
            genesis: genesis, key: members[index].consensus, transport: members[index].identity,
            dataFolder: folder + "/node-\(index)")
        made.listenHost = "127.0.0.1"
        made.listenPort = ports[index]
        made.peers = peers
        made.limits.verifierThreads = 1
        made.journal.segmentBytes = 16 * 1024 * 1024
        return made
    }

    func prepare() throws { for index in 0..<4 { try ContractNode.prepare(configuration(index)) } }

    func start(_ indices: [Int], timing: ReporterTiming = .short) async throws {
        var logger = Logger(label: "duties")
        logger.logLevel = .error
        for index in indices {
            let queue = EvidenceQueue()
            var settings = configuration(index)
            settings.evidenceFound = { queue.add($0) }
            let node = try await ContractNode.start(
                application: ContractSuite.application, configuration: settings, logger: logger)
            let member = members[index]
            let reporter = Reporter(
                node: node,
                holder: DutyHolder(
                    partner: member.partner, operatorKey: member.operatorKey, validator: member.validator),
                release: release, evidence: queue, timing: timing, logger: logger)
            nodes[index] = node
            ports[index] = node.peerPort ?? 0
            reporters[index] = reporter
            queues[index] = queue
            tasks[index] = Task { await reporter.run() }
        }
        for node in nodes { node?.setPeers(peers) }
    }

    func stop(_ indices: [Int]) async {
        for index in indices {
            tasks[index]?.cancel()
            await tasks[index]?.value
            await nodes[index]?.stop()
            nodes[index] = nil
            reporters[index] = nil
        }
    }

    func node(_ index: Int) throws -> ContractNode { try #require(nodes[index]) }
    func reporter(_ index: Int) throws -> Reporter { try #require(reporters[index]) }
    func port(_ index: Int) -> Int { ports[index] }

    /// Sends a call of a partner and waits until it has run.
    func send(_ call: Call, by index: Int) async throws {
        let key = members[index].operatorKey
        let body = TransactionBody(
            network: genesis.network, sender: key.publicKey,
            expiry: Timestamp(UInt64(Date().timeIntervalSince1970 * 1000) + 60_000),
            salt: UInt64.random(in: 0...1 << 60),
            calls: [call])
        let transaction = try Transaction(signing: body, with: key)
        let refusal = try await node(index).submit([transaction]).first ?? nil
        let outcome = try await node(index).outcome(of: transaction.digest, waitingMilliseconds: 30_000)
        guard case .final(_, let receipt) = outcome, receipt.rejection == nil else {
            throw TestFailure("the call of partner \(index) did not run: \(String(describing: refusal)), \(outcome)")
        }
    }

    /// Calls of Governance in the final chain, of one method.
    func calls(_ method: UInt16, at index: Int) throws -> [Transaction] {
        let view = try node(index).view
        var found: [Transaction] = []
        var height = Height(1)
        while height <= view.tip.height {
            for transaction in try #require(try view.block(at: height)).transactions
            where transaction.body.calls.contains(where: { $0.instance == WellKnown.governance && $0.method == method })
            {
                found.append(transaction)
            }
            height = height.next
        }
        return found
    }

    /// Waits until the node has `count` more final blocks.
    func blocks(_ count: UInt64, at index: Int) async throws {
        let node = try node(index)
        let goal = node.view.tip.height.advanced(by: count)
        let reached = try await node.finalHeight(reaching: goal, waitingMilliseconds: 60_000)
        if reached < goal { throw TestFailure("the chain stands at \(reached)") }
    }
}

extension ReporterTiming {
    static var short: ReporterTiming {
        var timing = ReporterTiming()
        timing.lookMilliseconds = 50
        timing.staggerMilliseconds = 1_500
        timing.retryMilliseconds = 100
        timing.retryMillisecondsMax = 1_000
        return timing
    }
}

/// Waits until the condition holds; throws after `seconds`.
func eventually(_ what: String, seconds: Double = 60, _ condition: () async throws -> Bool) async throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while try await !condition() {
        guard Date() < deadline else { throw TestFailure("not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
