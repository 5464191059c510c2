import Chain
import Consensus
import Foundation
import Logging
import NIOCore
import NIOPosix
import Primitives
import Replica
import Transport

/// A validator's keys in hostile hands: links to the others, and votes for two blocks in one view.
final class TwoFacedValidator: Sendable {
    private let member: DutyNetwork.Member
    private let genesis: Genesis
    private let signer: UInt16
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let links: PeerNetwork
    private let victims: [Digest]
    private let idle: Idle

    init(_ network: DutyNetwork, _ index: Int, victims: [Int]) async throws {
        member = network.members[index]
        genesis = network.genesis
        signer = UInt16(genesis.validators.index(ofPartner: member.partner) ?? 0)
        self.victims = victims.map { network.members[$0].identity.peer }
        var settings = PeerNetworkConfiguration(network: genesis.network, identity: member.identity)
        settings.port = nil
        settings.allowed = Dictionary(uniqueKeysWithValues: self.victims.map { ($0, "victim") })
        settings.addresses = victims.map {
            PeerAddress(peer: network.members[$0].identity.peer, host: "127.0.0.1", port: network.port($0))
        }
        let idle = Idle()
        var logger = Logger(label: "two-faced")
        logger.logLevel = .error
        links = try await PeerNetwork.start(
            settings, on: group.next(), receiver: idle, logger: logger)
        self.idle = idle
    }

    private final class Idle: PeerNetworkReceiver {
        func linkUp(_ peer: Digest) {}
        func linkDown(_ peer: Digest) {}
        func received(_ message: ReceivedMessage) {}
    }

    func linked() async throws {
        try await eventually("the two-faced validator is linked") {
            await self.links.snapshot().links.count == self.victims.count
        }
    }

    /// Votes to notarize two blocks that do not exist.
    func contradict(in view: View, epoch: Epoch) {
        let votes = [UInt8(1), 2].map { mark in
            Vote(
                signing: VotePayload(
                    network: genesis.network, epoch: epoch, kind: .notarize, view: view,
                    digest: Digest([UInt8](repeating: mark, count: 32)) ?? .zero),
                signer: signer, key: member.consensus)
        }
        links.send(
            votes.map {
                OutgoingMessage(
                    channel: 0, bytes: PeerMessage.consensus(.vote($0), transactions: []).bcs, peers: victims)
            })
    }

    func stop() async {
        await links.stop()
        try? await group.shutdownGracefully()
    }
}
