import Foundation
import NIOCore
import NIOPosix
import NodeClient
import Synchronization

/// A client that sends exactly the bytes it is given and takes apart what comes back, so that the tests see the wire.
enum RawHTTP {
    struct Answer: Sendable {
        var status = 0
        var headers: [String: String] = [:]
        var body: [UInt8] = []

        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        var text: String { String(decoding: body, as: UTF8.self) }
        /// Members of a problem document that every one must have.
        var isProblem: Bool {
            headers["content-type"] == "application/problem+json" && json["type"]?.text != nil
                && json["title"]?.text != nil && json["detail"]?.text?.isEmpty == false
                && json["status"] == .unsigned(UInt64(status))
        }
    }

    static func send(
        _ method: String, _ path: String, to port: Int, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> Answer {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.count)\r\n" }
        let bytes = try await exchange(Array((text + "\r\n").utf8) + (body ?? []), with: port)
        guard let answer = parse(bytes, isHead: method == "HEAD") else {
            throw TestFailure("no answer to \(method) \(path): \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
        return answer
    }

    /// Sends bytes and returns all that comes back until the server closes or `milliseconds` are over. With
    /// `closesInput` the sending side ends after the bytes.
    static func exchange(
        _ bytes: [UInt8], with port: Int, milliseconds: Int = 5_000, closesInput: Bool = false, pieces: Int = 1
    ) async throws -> [UInt8] {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        let collected = Mutex<[UInt8]>([])
        let timer = Task {
            try await Task.sleep(for: .milliseconds(milliseconds))
            try await channel.channel.close()
        }
        defer { timer.cancel() }
        try? await channel.executeThenClose { inbound, outbound in
            let size = max(1, (bytes.count + pieces - 1) / pieces)
            for start in stride(from: 0, to: bytes.count, by: size) {
                try await outbound.write(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + size)]))
            }
            if closesInput { outbound.finish() }
            for try await part in inbound { collected.withLock { $0 += part.readableBytesView } }
        }
        return collected.withLock { $0 }
    }

    /// The first answer in the bytes that is not a 1xx.
    static func parse(_ bytes: [UInt8], isHead: Bool = false) -> Answer? {
        guard let split = range(of: [13, 10, 13, 10], in: bytes) else { return nil }
        let lines = String(decoding: bytes[..<split], as: UTF8.self).components(separatedBy: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        let rest = Array(bytes[(split + 4)...])
        if (100..<200).contains(status) { return parse(rest, isHead: isHead) }
        var answer = Answer(status: status)
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 {
                answer.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        if isHead { return answer }
        if answer.headers["transfer-encoding"] == "chunked" {
            answer.body = unchunked(rest)
        } else {
            answer.body = Array(rest.prefix(answer.headers["content-length"].flatMap { Int($0) } ?? rest.count))
        }
        return answer
    }

    static func range(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...(bytes.count - pattern.count)).first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let end = range(of: [13, 10], in: Array(rest)) {
            let line = String(decoding: rest.prefix(end), as: UTF8.self)
            guard let size = Int(line, radix: 16), size > 0 else { break }
            rest = rest.dropFirst(end + 2)
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return body
    }
}
