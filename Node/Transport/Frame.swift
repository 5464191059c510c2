internal import NIOCore

/// A frame is `u32 length (big-endian) || u8 channel || payload`; the length counts the payload. The channel's high bit
/// says that the message goes on in the next frame of that channel; channel 127 is the link's own.
enum Frame {
    static let headerBytes = 5
    static let more: UInt8 = 0x80
    static let control: UInt8 = 127

    /// All frames of a message in one buffer; nil when it is too large or the channel is not the users'.
    static func encode(_ message: OutgoingMessage) -> ByteBuffer? {
        guard Int(message.channel) < TransportLimits.channelCount else { return nil }
        return encode(message.bytes, channel: message.channel)
    }

    static func encode(_ bytes: [UInt8], channel: UInt8) -> ByteBuffer? {
        guard bytes.count <= TransportLimits.messageBytesMax else { return nil }
        let frames = max(1, (bytes.count + TransportLimits.frameBytesMax - 1) / TransportLimits.frameBytesMax)
        var buffer = ByteBufferAllocator().buffer(capacity: bytes.count + frames * headerBytes)
        var offset = 0
        repeat {
            let size = min(bytes.count - offset, TransportLimits.frameBytesMax)
            let isLast = offset + size == bytes.count
            buffer.writeInteger(UInt32(size))
            buffer.writeInteger(isLast ? channel : channel | more)
            buffer.writeBytes(bytes[offset..<offset + size])
            offset += size
        } while offset < bytes.count
        return buffer
    }
}

/// Why a peer's bytes are no frames. The link is closed.
enum FrameError: Error, Hashable {
    case frameTooLarge(Int)
    case messageTooLarge
    case unknownChannel(UInt8)
    /// Bytes for users before the hello, or a control message of more than one frame.
    case outOfPlace
}

/// Turns received bytes into messages. Checks each length before it keeps anything; holds at most one unfinished
/// message per channel and one unfinished frame.
struct FrameDecoder {
    private var pending = ByteBuffer()
    private var parts: [[UInt8]] = Array(repeating: [], count: TransportLimits.channelCount)
    /// Until the hello came only control frames are taken, of at most this many bytes.
    var isOpen = false
    static let controlBytesMax = 256

    mutating func feed(_ bytes: inout ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            // Once for what was read, not for each frame of it.
            pending.discardReadBytes()
            pending.writeBuffer(&bytes)
        }
    }

    /// The next whole message, nil when more bytes are needed.
    mutating func next() throws(FrameError) -> (channel: UInt8, bytes: [UInt8])? {
        while true {
            let start = pending.readerIndex
            guard let length = pending.getInteger(at: start, as: UInt32.self),
                let tag = pending.getInteger(at: start + 4, as: UInt8.self)
            else { return nil }
            let channel = tag & ~Frame.more
            let size = Int(length)
            try check(size, channel: channel, tag: tag)
            guard pending.readableBytes - Frame.headerBytes >= size else { return nil }
            pending.moveReaderIndex(forwardBy: Frame.headerBytes)
            let payload = pending.readBytes(length: size) ?? []
            if pending.readableBytes == 0 { pending.clear(minimumCapacity: 0) }
            if channel == Frame.control { return (channel, payload) }
            let index = Int(channel)
            if tag & Frame.more != 0 {
                parts[index] += payload
                continue
            }
            if parts[index].isEmpty { return (channel, payload) }
            let whole = parts[index] + payload
            parts[index] = []
            return (channel, whole)
        }
    }

    private func check(_ size: Int, channel: UInt8, tag: UInt8) throws(FrameError) {
        if channel == Frame.control {
            guard tag == channel else { throw .outOfPlace }
            guard size <= FrameDecoder.controlBytesMax else { throw .frameTooLarge(size) }
            return
        }
        guard Int(channel) < TransportLimits.channelCount else { throw .unknownChannel(channel) }
        guard isOpen else { throw .outOfPlace }
        guard size <= TransportLimits.frameBytesMax else { throw .frameTooLarge(size) }
        guard parts[Int(channel)].count + size <= TransportLimits.messageBytesMax else { throw .messageTooLarge }
        // A frame that promises more must bring something, else a peer could send such frames for ever.
        guard tag == channel || size > 0 else { throw .outOfPlace }
    }
}
