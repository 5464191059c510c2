internal import NIOCore

/// Messages that wait for a link: one bounded first-in-first-out queue per channel, lower channels first. Frames of a
/// large message on channel 1 alternate with whatever comes on channel 0.
struct OutgoingQueue {
    private var channels: [Channel]
    /// The link's own small messages. A peer that pings without reading the answers is not served for ever.
    static let controlCountMax = 64
    private var control: [ByteBuffer] = []

    fileprivate struct Channel {
        var messages: [ByteBuffer] = []
        var head = 0
        var bytes = 0
        let bytesMax: Int
    }

    init(_ limits: TransportLimits) {
        channels = [
            Channel(bytesMax: limits.consensusQueueBytesMax), Channel(bytesMax: limits.dataQueueBytesMax),
        ]
    }

    var bytes: Int { channels.reduce(0) { $0 + $1.bytes } }

    /// False, and nothing changed, when the channel is full. An empty channel takes a message of any size.
    mutating func append(_ frames: ByteBuffer, channel: Int) -> Bool {
        guard channels.indices.contains(channel) else { return false }
        let size = frames.readableBytes
        guard channels[channel].bytes == 0 || channels[channel].bytes + size <= channels[channel].bytesMax else {
            return false
        }
        channels[channel].messages.append(frames)
        channels[channel].bytes += size
        return true
    }

    /// False when too many wait.
    mutating func appendControl(_ frame: ByteBuffer) -> Bool {
        guard control.count < OutgoingQueue.controlCountMax else { return false }
        control.append(frame)
        return true
    }

    /// The next frame to write, nil when nothing waits.
    mutating func pop() -> ByteBuffer? {
        if !control.isEmpty { return control.removeFirst() }
        for index in channels.indices {
            if let frame = channels[index].pop() { return frame }
        }
        return nil
    }

    /// Messages that were not begun, in order, for another link of the same pair.
    mutating func drain() -> [(channel: Int, frames: ByteBuffer)] {
        var rest: [(channel: Int, frames: ByteBuffer)] = []
        for index in channels.indices { rest += channels[index].drain().map { (index, $0) } }
        return rest
    }
}

extension OutgoingQueue.Channel {
    fileprivate mutating func pop() -> ByteBuffer? {
        guard head < messages.count else { return nil }
        guard let length = messages[head].getInteger(at: messages[head].readerIndex, as: UInt32.self),
            let frame = messages[head].readSlice(length: Frame.headerBytes + Int(length))
        else { return nil }
        bytes -= frame.readableBytes
        if messages[head].readableBytes == 0 {
            messages[head] = ByteBuffer()
            head += 1
            if head == messages.count || head >= 1024 {
                messages.removeFirst(head)
                head = 0
            }
        }
        return frame
    }

    /// All but a message that was partly written.
    fileprivate mutating func drain() -> [ByteBuffer] {
        let isBegun = head < messages.count && messages[head].readerIndex > 0
        let kept = head + (isBegun ? 1 : 0)
        let rest = Array(messages[kept...])
        messages.removeSubrange(kept...)
        bytes -= rest.reduce(0) { $0 + $1.readableBytes }
        return rest
    }
}
