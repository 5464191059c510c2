import Foundation
import NIOCore
import NIOPosix
import TestSupport

/// A server that answers every request with the same bytes.
struct LiarRoute {
    enum Lie: CaseIterable, Sendable {
        case changedDocument, oldState, oldVersion, missingProof, forgedCertificate, hiddenDeactivation, falseAbsence

        var reason: String {
            switch self {
            case .changedDocument: "it was changed"
            case .oldState: "was asked for"
            case .oldVersion: "is given as the newest"
            case .missingProof: "carries no proof"
            case .forgedCertificate: "a signature for height"
            case .hiddenDeactivation: "hides it"
            case .falseAbsence: "the registry holds what the node says is not there"
            }
        }

        func told(honest: [UInt8], old: [UInt8], stale: [UInt8], none: [UInt8], first: [UInt8]) -> [UInt8] {
            switch self {
            case .changedDocument: return LyingNodeTests.spoil(honest, "key-1", "key-9")
            case .oldState: return old
            case .oldVersion: return stale
            case .missingProof: return LyingNodeTests.spoil(honest, "\"proof\":", "\"witness\":")
            case .forgedCertificate:
                let text = String(decoding: honest, as: UTF8.self)
                guard let match = text.firstMatch(of: /"signature":"([0-9a-f]{128})"/) else { return [] }
                return LyingNodeTests.spoil(honest, String(match.1), String(String(match.1).reversed()))
            case .hiddenDeactivation: return LyingNodeTests.spoil(first, "\"deactivated\":true,", "")
            case .falseAbsence: return none
            }
        }
    }

    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    private static func head(_ byteCount: Int, status: String = "200 OK") -> [UInt8] {
        Array(
            "HTTP/1.1 \(status)\r\nContent-Type: application/did-resolution\r\nContent-Length: \(byteCount)\r\nConnection: close\r\n\r\n"
                .utf8)
    }

    static func serve(_ body: [UInt8], status: String = "200 OK") async throws -> LiarRoute {
        let bytes = head(body.count, status: status) + body
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SameAnswer(bytes: bytes))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LiarRoute(channel: channel)
    }

    /// A server that promises much and sends a byte now and then.
    static func drip() async throws -> LiarRoute {
        let bytes = head(1_000_000)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EndlessAnswer(head: bytes))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LiarRoute(channel: channel)
    }

    func stop() async throws { try await channel.close() }
}

private final class SameAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let bytes: [UInt8]
    init(bytes: [UInt8]) { self.bytes = bytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A request without a body arrives in one piece on loopback.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        context.close(promise: nil)
    }
}

private final class EndlessAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let head: [UInt8]
    init(head: [UInt8]) { self.head = head }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer(bytes: head), promise: nil)
        channel.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(20), delay: .milliseconds(20)) { task in
            guard channel.isActive else { return task.cancel() }
            channel.writeAndFlush(ByteBuffer(bytes: [0x20]), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
