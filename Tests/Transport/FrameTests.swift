import Foundation
import NIOCore
import Primitives
import TestSupport
import Testing

@testable import Transport

private var fuzzCount: Int { ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap { Int($0) } ?? 300 }

extension OutgoingQueue {
    /// `#expect` takes no mutating calls.
    fileprivate mutating func add(_ bytes: [UInt8], _ channel: Int) throws -> Bool {
        append(try #require(Frame.encode(bytes, channel: UInt8(channel))), channel: channel)
    }
}

@Suite struct FrameTests {
    @Test func goldenBytes() throws {
        #expect(Hex.encode(try #require(Frame.encode([1, 2, 3], channel: 1)).readableBytesView) == "0000000301010203")
        let hello = ControlMessage.hello(.init(network: network, incarnation: 5))
        #expect(
            Hex.encode(hello.bcs)
                == "0001000100000000000000020000000000000003000000000000000400000000000000" + "0500000000000000")
        #expect(try ControlMessage(bcs: hello.bcs) == hello)
        #expect(Hex.encode(ControlMessage.ping(1).bcs) == "010100000000000000")
        let large = try #require(Frame.encode([UInt8](repeating: 9, count: 262_145), channel: 1))
        #expect(large.readableBytes == 262_145 + 10)
        #expect(large.getBytes(at: 0, length: 6) == [0, 4, 0, 0, 0x81, 9])
        #expect(large.getBytes(at: 262_149, length: 6) == [0, 0, 0, 1, 1, 9])
    }

    /// However the stream is cut, the same messages come out.
    @Test func anyCutGivesTheSameMessages() throws {
        for seed in 0..<UInt64(fuzzCount) {
            var random = SeededGenerator(seed: seed)
            var stream: [UInt8] = []
            var sent: [[UInt8]] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let size = Bool.random(using: &random) ? Int.random(in: 0...40, using: &random) : 300_000
                sent.append([UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: size))
                stream += Array(try #require(Frame.encode(sent[sent.count - 1], channel: 1)).readableBytesView)
            }
            var decoder = FrameDecoder()
            decoder.isOpen = true
            var got: [[UInt8]] = []
            var offset = 0
            while offset < stream.count {
                let size = min(Int.random(in: 1...100_000, using: &random), stream.count - offset)
                var part = ByteBuffer(bytes: stream[offset..<offset + size])
                decoder.feed(&part)
                while let message = try decoder.next() { got.append(message.bytes) }
                offset += size
            }
            #expect(got == sent, "seed \(seed)")
        }
    }

    @Test func arbitraryBytesNeverTrap() {
        for seed in 0..<UInt64(fuzzCount * 10) {
            var random = SeededGenerator(seed: seed)
            var decoder = FrameDecoder()
            decoder.isOpen = Bool.random(using: &random)
            for _ in 0..<5 {
                var bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                // Mostly plausible headers, so that more than the first check is met.
                if bytes.count > 5, Bool.random(using: &random) {
                    bytes.replaceSubrange(
                        0..<5, with: [0, 0, 0, bytes[3] % 64, [0, 1, 0x80, 0x81, 127][Int(bytes[4] % 5)]])
                }
                _ = try? ControlMessage(bcs: bytes)
                var buffer = ByteBuffer(bytes: bytes)
                decoder.feed(&buffer)
                do { while try decoder.next() != nil {} } catch { break }
            }
        }
    }

    @Test func channelZeroGoesFirst() throws {
        var queue = OutgoingQueue(TransportLimits())
        var sizes: [Int?] = []
        var taken = [try queue.add([UInt8](repeating: 1, count: 600_000), 1)]
        sizes.append(queue.pop()?.readableBytes)
        taken.append(try queue.add([7], 0))
        sizes.append(queue.pop()?.readableBytes)
        taken.append(try queue.add([8], 1))
        // The message that is under way stays; only whole ones may move to another link.
        sizes += queue.drain().map(\.frames.readableBytes)
        for _ in 0..<3 { sizes.append(queue.pop()?.readableBytes) }
        #expect(taken == [true, true, true])
        #expect(sizes == [262_149, 6, 6, 262_149, 600_000 - 2 * 262_144 + 5, nil])
        #expect(queue.bytes == 0)
    }

    @Test func manyMessagesPassAQueue() throws {
        var queue = OutgoingQueue(TransportLimits())
        var out: [UInt32] = []
        func take() -> Bool {
            guard let frame = queue.pop() else { return false }
            out.append(frame.getInteger(at: frame.readerIndex + 5, endianness: .little, as: UInt32.self) ?? 0)
            return true
        }
        for number in 0..<5000 {
            var encoder = BCSEncoder()
            encoder.u32(UInt32(number))
            _ = try queue.add(encoder.bytes, 0)
            if number % 3 == 0 { _ = take() }
        }
        while take() {}
        #expect(out == Array(0..<5000) && queue.bytes == 0)
    }

    @Test func aFullQueueTakesNothingMore() throws {
        var limits = TransportLimits()
        limits.dataQueueBytesMax = 1000
        var queue = OutgoingQueue(limits)
        var taken: [Bool] = []
        for size in [5000, 1, 1] { taken.append(try queue.add([UInt8](repeating: 0, count: size), 1)) }
        _ = queue.pop()
        for size in [500, 480, 10, 1] { taken.append(try queue.add([UInt8](repeating: 0, count: size), 1)) }
        #expect(taken == [true, false, false, true, true, false, true])
    }
}
