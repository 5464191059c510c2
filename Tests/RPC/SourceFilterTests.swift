import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import RPC

/// The program that the kernel runs for a listening socket.
@Suite struct SourceFilterTests {
    @Test func sourcesAreWhatPacketsShow() {
        #expect(PacketSource("192.0.2.7") == .version4(0xc000_0207))
        #expect(PacketSource("::ffff:192.0.2.7") == .version4(0xc000_0207))
        #expect(PacketSource("2001:db8:1:2:3:4:5:6") == .version6(0x2001_0db8_0001_0002))
        #expect(PacketSource("2001:db8:1:2::9") == PacketSource("2001:db8:1:2:3:4:5:6"))
        for bad in ["", "local", "192.0.2", "1.2.3.4.5", "[::1]", "::1%lo"] { #expect(PacketSource(bad) == nil) }
    }

    /// Sources beyond the bound are left out, and no jump is longer than a byte says.
    @Test func programsAreBounded() {
        let sources = (0..<1_000).map { PacketSource.version6($0) } + [.version4(1)]
        #expect(SourceFilter(dropping: sources).instructions.count == 6 + 5 * 32 + 2)
        #expect(SourceFilter(dropping: sources) == SourceFilter(dropping: Array(sources.prefix(32))))
        let mixed = (0..<16).flatMap { [PacketSource.version6(UInt64($0)), .version4(UInt32($0))] }
        let program = SourceFilter(dropping: mixed).instructions
        for (index, step) in program.enumerated() where step.code == 0x15 {
            #expect(index + 1 + Int(max(step.ifTrue, step.ifFalse)) < program.count)
        }
    }

    /// Whether a connection from `source` is made within half a second.
    static func connects(_ port: Int, to host: String, from source: String) async -> Bool {
        let made = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.milliseconds(500)).bind(to: SocketAddress(ipAddress: source, port: 0))
            .connect(host: host, port: port).get()
        guard let made else { return false }
        try? await made.close()
        return true
    }

    /// Makes a connection from `source` and resets it at once; false when none is made within half a second.
    static func resets(_ port: Int, from source: String) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 0, tv_usec: 500_000)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var reset = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
        func call(_ host: String, _ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
        return call(source, 0, bind) && call("127.0.0.1", port, connect)
    }

    private static func listener(_ host: String) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { $0.close() }.bind(host: host, port: 0).get()
    }

    private static func attach(_ sources: [PacketSource], to channel: any Channel) async throws {
        try await channel.eventLoop.flatSubmit {
            sources.isEmpty ? SourceFilter.detach(from: channel) : SourceFilter(dropping: sources).attach(to: channel)
        }.get()
    }

    @Test func theKernelDropsThem() async throws {
        let channel = try await Self.listener("0.0.0.0")
        let port = channel.localAddress?.port ?? 0
        func connects(_ source: String) async -> Bool { await Self.connects(port, to: "127.0.0.1", from: source) }
        #expect(await connects("127.0.0.2"))
        let others = (0..<20).map { PacketSource.version4(0xc000_0200 + $0) }
        try await Self.attach([.version6(1)] + others + [.version4(0x7f00_0002), .version4(0x7f00_0003)], to: channel)
        #expect(await !connects("127.0.0.2"))
        #expect(await !connects("127.0.0.3"))
        #expect(await connects("127.0.0.4"))
        try await Self.attach([.version4(0x7f00_0003)], to: channel)
        #expect(await connects("127.0.0.2"))
        #expect(await !connects("127.0.0.3"))
        try await Self.attach([], to: channel)
        #expect(await connects("127.0.0.3"))
        try await channel.close()
    }

    /// Where there is IPv6: all of ::/64 is one source.
    @Test(.enabled(if: SourceFilterTests.hasVersion6))
    func theKernelDropsNetworks() async throws {
        let channel = try await Self.listener("::1")
        let port = channel.localAddress?.port ?? 0
        #expect(await Self.connects(port, to: "::1", from: "::1"))
        try await Self.attach([.version6(1), .version4(0)], to: channel)
        #expect(await Self.connects(port, to: "::1", from: "::1"))
        try await Self.attach([.version4(0x7f00_0001), .version6(0)], to: channel)
        #expect(await !Self.connects(port, to: "::1", from: "::1"))
        try await channel.close()
    }

    static let hasVersion6: Bool = {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        let size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
        }
    }()
}
