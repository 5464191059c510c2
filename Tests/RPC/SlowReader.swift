import NIOCore
import NIOPosix
import NodeClient
import RPC

/// A client that takes from its connection only what it is told to take, with a small window, so that what it leaves stays
/// with the server.
struct SlowReader {
    /// Runs `body` with a connection on which `request` was sent. `next` takes what there is; nil at the end.
    static func with<Result>(
        _ port: Int, _ request: String, _ body: (_ next: () async throws -> [UInt8]?) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.autoRead, value: false)
            .channelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .channelOption(ChannelOptions.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 32_768))
            .channelOption(ChannelOptions.socketOption(.so_rcvbuf), value: 32_768)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 1)))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var iterator = inbound.makeAsyncIterator()
            return try await body {
                channel.channel.read()
                return try await iterator.next().map { Array($0.readableBytesView) }
            }
        }
    }
}

extension TestServer {
    /// A gauge or counter of `/metrics`, asked by a client of its own. Needs `trustsForwardedFor`.
    func metric(_ name: String) async throws -> Int {
        let text = try await RawHTTP.send("GET", "/metrics", to: port, headers: [("X-Forwarded-For", "203.0.113.9")])
            .text
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        guard let value = line?.split(separator: " ").last.flatMap({ Double($0) }) else {
            throw TestFailure("there is no metric \(name): \(text.prefix(300))")
        }
        return Int(value)
    }

    /// Waits until a metric is as it should be.
    func wait(_ name: String, _ isRight: (Int) -> Bool) async throws {
        var last = 0
        for _ in 0..<2_000 {
            last = try await metric(name)
            if isRight(last) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestFailure("\(name) stays at \(last)")
    }
}
