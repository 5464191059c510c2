internal import Foundation

/// A kept HTTP/1.1 connection of a thread that waits for each answer: as little between a request and its answer as can be.
final class PlainConnection {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 256 * 1_024)
    private var lastCount = 0

    /// Head and body; only its beginning when it is longer than the buffer.
    var lastAnswer: [UInt8] { Array(buffer[..<lastCount]) }

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

    /// The body of an answer that fits into the buffer.
    func answer(to request: [UInt8]) throws -> String {
        let length = try ask(request)
        return String(decoding: lastAnswer.suffix(length), as: UTF8.self)
    }

    /// Bytes of the body of the answer.
    func ask(_ request: [UInt8]) throws -> Int {
        guard write(descriptor, request, request.count) == request.count else { throw BenchError("not sent") }
        var filled = 0
        while true {
            filled += try more(after: filled)
            guard let head = PlainConnection.headEnd(buffer[..<filled]) else { continue }
            let text = String(decoding: buffer[..<head], as: UTF8.self).lowercased()
            guard text.hasPrefix("http/1.1 200"), let mark = text.range(of: "content-length: "),
                let length = Int(text[mark.upperBound...].prefix { $0.isNumber })
            else { throw BenchError("another answer than 200: \(text.prefix(200))") }
            let whole = head + 4 + length
            while filled < min(whole, buffer.count) { filled += try more(after: filled) }
            lastCount = filled
            try rest(whole - filled)
            return length
        }
    }

    private func more(after filled: Int) throws -> Int {
        let count = buffer.withUnsafeMutableBytes { bytes in
            read(descriptor, bytes.baseAddress! + filled, bytes.count - filled)
        }
        guard count > 0 else { throw BenchError("the connection closed in an answer") }
        return count
    }

    private func rest(_ count: Int) throws {
        var left = count
        while left > 0 {
            var passed = [UInt8](repeating: 0, count: min(left, 65_536))
            let count = read(descriptor, &passed, passed.count)
            guard count > 0 else { throw BenchError("the connection closed in an answer") }
            left -= count
        }
    }

    static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (bytes.startIndex...(bytes.endIndex - 4)).first {
            bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
        }
    }
}
