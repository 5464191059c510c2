internal import Glibc
internal import NIOCore

/// What a packet of TCP shows of its sender: an IPv4 address, or the /64 network of an IPv6 address, as in `ClientAddress`.
enum PacketSource: Hashable, Sendable {
    case version4(UInt32)
    case version6(UInt64)

    /// Nil for what is no address of the internet protocol.
    init?(_ address: String) {
        func words(_ family: CInt, _ count: Int) -> [UInt32]? {
            var words = [UInt32](repeating: 0, count: count)
            guard inet_pton(family, address, &words) == 1 else { return nil }
            return words.map { UInt32(bigEndian: $0) }
        }
        if let words = words(AF_INET, 1) {
            self = .version4(words[0])
        } else if let words = words(AF_INET6, 4) {
            // ::ffff:a.b.c.d travels as IPv4.
            self =
                words[0] == 0 && words[1] == 0 && words[2] == 0xffff
                ? .version4(words[3]) : .version6(UInt64(words[0]) << 32 | UInt64(words[1]))
        } else {
            return nil
        }
    }
}

/// A classic BPF program for a listening socket, by which the kernel drops the packets of some sources: their connections are never
/// made, at next to no cost (socket(7), SO_ATTACH_FILTER; needs no privilege).
struct SourceFilter: Equatable {
    /// `struct sock_filter`.
    struct Instruction: Equatable, Sendable {
        let code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        let operand: UInt32
    }

    /// `struct sock_fprog`.
    private struct Program: @unchecked Sendable {
        let count: UInt16
        let instructions: UnsafePointer<Instruction>?
    }

    private enum Code {
        static let loadWord: UInt16 = 0x20
        static let loadByte: UInt16 = 0x30
        static let shiftRight: UInt16 = 0x74
        static let jumpIfEqual: UInt16 = 0x15
        static let answer: UInt16 = 0x06
        /// SKF_NET_OFF: from here the header of the internet protocol is addressed.
        static let network: UInt32 = 0xfff0_0000
    }

    /// Jumps reach 255 instructions far.
    static let sourcesMax = 32

    let instructions: [Instruction]

    /// Drops what comes from `sources`, of which the first `sourcesMax` count.
    init(dropping sources: [PacketSource]) {
        var (version4, version6): ([Instruction], [Instruction]) = ([], [])
        let drop = Instruction(code: Code.answer, operand: 0)
        let pass = Instruction(code: Code.answer, operand: .max)
        func load(_ offset: UInt32) -> Instruction {
            Instruction(code: Code.loadWord, operand: Code.network &+ offset)
        }
        for source in sources.prefix(SourceFilter.sourcesMax) {
            switch source {
            case .version4(let address):
                version4 += [Instruction(code: Code.jumpIfEqual, ifFalse: 1, operand: address), drop]
            case .version6(let prefix):
                version6 += [
                    load(8), Instruction(code: Code.jumpIfEqual, ifFalse: 3, operand: UInt32(prefix >> 32)),
                    load(12),
                    Instruction(code: Code.jumpIfEqual, ifFalse: 1, operand: UInt32(truncatingIfNeeded: prefix)),
                    drop,
                ]
            }
        }
        version4 = [load(12)] + version4 + [pass]
        version6 += [pass]
        let isVersion = { (version: UInt32, steps: Int) in
            Instruction(code: Code.jumpIfEqual, ifFalse: UInt8(steps), operand: version)
        }
        instructions =
            [
                Instruction(code: Code.loadByte, operand: Code.network),
                Instruction(code: Code.shiftRight, operand: 4),
                isVersion(4, version4.count),
            ] + version4 + [isVersion(6, version6.count)] + version6 + [pass]
    }

    /// In place of the one that the socket has. Only on the channel's event loop, where it is done before this returns.
    func attach(to channel: any Channel) -> EventLoopFuture<Void> {
        instructions.withUnsafeBufferPointer { buffer in
            let program = Program(count: UInt16(buffer.count), instructions: buffer.baseAddress)
            return SourceFilter.set(program, option: SO_ATTACH_FILTER, on: channel)
        }
    }

    static func detach(from channel: any Channel) -> EventLoopFuture<Void> {
        set(CInt(0), option: SO_DETACH_FILTER, on: channel)
    }

    /// Where a connection came from, also after it was reset: SO_PEERNAME tells what getpeername(2) does not any more. Nil for another
    /// protocol than IP.
    static func source(of connection: any Channel) -> EventLoopFuture<String?> {
        let unknown = connection.eventLoop.makeSucceededFuture(String?.none)
        guard let socket = connection as? any SocketOptionProvider else { return unknown }
        func peer<Address: Sendable>(_ words: @escaping @Sendable (Address) -> SocketAddress) -> EventLoopFuture<
            String?
        > {
            let read: EventLoopFuture<Address> = socket.unsafeGetSocketOption(
                level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET), name: .init(rawValue: SO_PEERNAME))
            return read.map { words($0).ipAddress }
        }
        // Which it is says the listening socket: the connection's own address may be gone, too.
        switch (connection.parent?.localAddress ?? connection.localAddress)?.protocol {
        case .inet?: return peer { (address: sockaddr_in) in SocketAddress(address) }
        case .inet6?: return peer { (address: sockaddr_in6) in SocketAddress(address) }
        default: return unknown
        }
    }

    private static func set<Value: Sendable>(
        _ value: Value, option: CInt, on channel: any Channel
    ) -> EventLoopFuture<Void> {
        channel.eventLoop.preconditionInEventLoop()
        guard let channel = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        return channel.unsafeSetSocketOption(
            level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET), name: .init(rawValue: option), value: value)
    }
}
