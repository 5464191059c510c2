internal import Foundation

/// A kept HTTP/1.1 connection of a thread that waits for each answer: as little between a request and its answer as can be.
final class PlainConnection {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 256 * 1_024)

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw BenchError("cannot connect to port \(port)") }
    }

    deinit { close(descriptor) }

    /// The body of an answer that fits into the buffer, with its head.
    func answer(to request: [UInt8]) throws -> String {
        let length = try ask(request)
        guard let head = headEnd(buffer.count), head + 4 + length <= buffer.count else {
            throw BenchError("an answer of \(length) bytes")
        }
        return String(decoding: buffer[(head + 4)..<(head + 4 + length)], as: UTF8.self)
    }

    /// Bytes of the body of the answer.
    func ask(_ request: [UInt8]) throws -> Int {
        guard write(descriptor, request, request.count) == request.count else { throw BenchError("not sent") }
        var filled = 0
        while true {
            let count = buffer.withUnsafeMutableBytes { bytes in
                read(descriptor, bytes.baseAddress! + filled, bytes.count - filled)
            }
            guard count > 0 else { throw BenchError("the connection closed in an answer") }
            filled += count
            guard let head = headEnd(filled) else { continue }
            let text = String(decoding: buffer[..<head], as: UTF8.self).lowercased()
            guard text.hasPrefix("http/1.1 200"), let mark = text.range(of: "content-length: "),
                let length = Int(text[mark.upperBound...].prefix { $0.isNumber })
            else { throw BenchError("another answer than 200: \(text.prefix(200))") }
            if filled >= head + 4 + length { return length }
            try rest(head + 4 + length - filled)
            return length
        }
    }

    private func rest(_ count: Int) throws {
        var left = count
        while left > 0 {
            let size = min(left, buffer.count)
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress!, size) }
            guard count > 0 else { throw BenchError("the connection closed in an answer") }
            left -= count
        }
    }

    private func headEnd(_ filled: Int) -> Int? {
        guard filled >= 4 else { return nil }
        return (0...(filled - 4)).first {
            buffer[$0] == 13 && buffer[$0 + 1] == 10 && buffer[$0 + 2] == 13 && buffer[$0 + 3] == 10
        }
    }
}
