import Chain
import Consensus
import Foundation
import LedgerCrypto
import Logging
import NIOPosix
import Primitives
import Replica
import Testing
import Transport

@testable import NodeRuntime

private let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

/// A process with the keys of validator 3 that speaks to node 0 only.
private final class HostilePeer: PeerNetworkReceiver, @unchecked Sendable {
    private let lock = NSLock()
    private var events: [String] = []
    var log: [String] { lock.withLock { events } }

    func linkUp(_ peer: Digest) { lock.withLock { events.append("up") } }
    func linkDown(_ peer: Digest) { lock.withLock { events.append("down") } }
    func received(_ message: ReceivedMessage) {}

    func link(_ network: TestNetwork) async throws -> PeerNetwork {
        var configuration = PeerNetworkConfiguration(
            network: network.genesis.network, identity: network.identity(3))
        configuration.port = nil
        configuration.allowed = [network.peer(0): "victim"]
        configuration.addresses = [PeerAddress(peer: network.peer(0), host: "127.0.0.1", port: network.port(0))]
        configuration.limits.redialMillisecondsMax = 200
        var logger = Logger(label: "hostile")
        logger.logLevel = .critical
        return try await PeerNetwork.start(configuration, on: loops.next(), receiver: self, logger: logger)
    }
}

/// A peer that sends what no honest node sends loses its link at the first such message, and gets none for a while.
@Suite(.serialized) struct HostilePeerTests {
    enum Flood: CaseIterable { case wrongSignatures, falseCertificates, falseJustification }

    @Test(.timeLimit(.minutes(1)), arguments: Flood.allCases)
    func losesItsLink(_ flood: Flood) async throws {
        let network = try TestNetwork()
        try network.prepare()
        try await network.start([0, 1, 2])
        try await network.commit("before", at: 0)
        let hostile = HostilePeer()
        let links = try await hostile.link(network)
        #expect(await eventually { hostile.log == ["up"] })
        let node = try network.node(0)
        let message = try message(flood, network, view: await node.snapshot().status.view).bcs
        let peer = network.peer(0)
        links.send((0..<64).map { _ in OutgoingMessage(channel: 0, bytes: message, peers: [peer]) })
        #expect(await eventually { hostile.log == ["up", "down"] })
        // It dials on, in vain.
        try await Task.sleep(for: .milliseconds(1_000))
        #expect(hostile.log == ["up", "down"])
        let counters = await node.snapshot().counters
        // One job of the verifiers looked at one of them.
        #expect(counters.signaturesWrong == (flood == .wrongSignatures ? 1 : 0))
        #expect(await node.snapshot().peers.filter(\.isConnected).count == 2)
        try await network.commit("after", at: 0)
        await links.stop()
        await network.stop([0, 1, 2])
    }

    private func message(_ flood: Flood, _ network: TestNetwork, view: View) throws -> PeerMessage {
        switch flood {
        case .wrongSignatures:
            return .transactions(
                try (0..<200).map { number in
                    var bytes = try network.transaction("wrong \(number)").bytes
                    bytes[bytes.count - 1] ^= 1
                    return try Transaction(bytes: bytes)
                })
        case .falseCertificates:
            return .consensus(.certificates(certificates(network, from: view.advanced(by: 200))), transactions: [])
        case .falseJustification:
            let set = network.genesis.validators
            let last = view.advanced(by: 264)
            let header = BlockHeader(
                network: network.genesis.network, height: Height(9), view: last, epoch: Epoch(0), parent: .zero,
                parentView: View(0), time: Timestamp(1), proposer: UInt16(set.leader(of: last)),
                transactionsRoot: Block.transactionsRoot([]), stateRoot: .zero, receiptsRoot: .zero,
                validatorSet: set.digest, nextValidatorSet: set.digest)
            let payload = VotePayload(
                network: network.genesis.network, epoch: Epoch(0), kind: .notarize, view: last, digest: header.digest)
            let vote = Vote(signing: payload, signer: UInt16(set.leader(of: last)), key: secret(99))
            let proposal = Proposal(
                header: header, transactions: [], vote: vote, parent: nil,
                nullifications: certificates(network, from: view.advanced(by: 200)))
            return .consensus(.proposal(proposal), transactions: [])
        }
    }

    /// For 64 views, signed by nobody who may.
    private func certificates(_ network: TestNetwork, from first: View) -> [Certificate] {
        (UInt64(0)..<64).map { offset in
            let view = first.advanced(by: offset)
            let payload = VotePayload(
                network: network.genesis.network, epoch: Epoch(0), kind: .nullify, view: view, digest: .zero)
            let signature = secret(99).sign(payload.signingDigest)
            return Certificate(
                epoch: Epoch(0), kind: .nullify, view: view, digest: .zero,
                entries: (0..<4).map { Certificate.Entry(signer: UInt16($0), signature: signature) })
        }
    }
}
