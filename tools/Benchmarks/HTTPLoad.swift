internal import Foundation
internal import Synchronization

/// A closed loop over kept connections with plain sockets, so that the generator costs little beside the server.
struct HTTPLoad {
    struct Result {
        let perSecond: Double
        let bytesPerAnswer: Int
    }

    let port: UInt16
    let connections: Int

    static func request(_ path: String, accept: String) -> [UInt8] {
        Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: \(accept)\r\n\r\n".utf8)
    }

    /// Asks `requests` in turn on every connection. Throws when an answer is not 200.
    func run(_ requests: [[UInt8]], seconds: Double) throws -> Result {
        try run { number in
            try loop(requests, from: number * 37, until: Stopwatch.now() + seconds)
        }
    }

    /// An answer with its head in lower case.
    struct Answer {
        let head: String
        let body: [UInt8]
    }

    /// Asks each of `requests` once; when all are answered, `check` sees every answer.
    func once(_ requests: [[UInt8]], check: (Int, Answer) throws -> Void) throws -> Result {
        let kept = Mutex([(index: Int, bytes: [UInt8])]())
        let result = try run { number in
            let connection = try Connection(port: port)
            var done = (answers: 0, bytes: 0)
            var answers: [(index: Int, bytes: [UInt8])] = []
            for index in stride(from: number, to: requests.count, by: connections) {
                done.bytes += try connection.ask(requests[index])
                done.answers += 1
                answers.append((index, connection.lastAnswer))
            }
            kept.withLock { $0 += answers }
            return done
        }
        for (index, bytes) in kept.withLock({ $0 }) {
            guard let end = Connection.headEnd(bytes[...]) else { throw BenchError("an answer has no head") }
            let head = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
            try check(index, Answer(head: head, body: Array(bytes[(end + 4)...])))
        }
        return result
    }

    private func run(_ work: @escaping @Sendable (Int) throws -> (answers: Int, bytes: Int)) throws -> Result {
        let sum = Mutex((answers: 0, bytes: 0, failure: String?.none))
        let group = DispatchGroup()
        let began = Stopwatch.now()
        for number in 0..<connections {
            let thread = Thread {
                defer { group.leave() }
                do {
                    let done = try work(number)
                    sum.withLock { ($0.answers, $0.bytes) = ($0.answers + done.answers, $0.bytes + done.bytes) }
                } catch {
                    sum.withLock { $0.failure = "\(error)" }
                }
            }
            group.enter()
            thread.start()
        }
        group.wait()
        let elapsed = Stopwatch.now() - began
        let (answers, bytes, failure) = sum.withLock { $0 }
        if let failure { throw BenchError(failure) }
        return Result(perSecond: Double(answers) / elapsed, bytesPerAnswer: bytes / max(1, answers))
    }

    private func loop(
        _ requests: [[UInt8]], from start: Int, until end: Double
    ) throws -> (answers: Int, bytes: Int) {
        let connection = try Connection(port: port)
        var done = (answers: 0, bytes: 0)
        var position = start
        while Stopwatch.now() < end {
            done.bytes += try connection.ask(requests[position % requests.count])
            done.answers += 1
            position += 1
        }
        return done
    }

    private final class Connection {
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

        /// Bytes of the body of the answer.
        func ask(_ request: [UInt8]) throws -> Int {
            guard write(descriptor, request, request.count) == request.count else { throw BenchError("not sent") }
            var filled = 0
            while true {
                filled += try more(after: filled)
                guard let head = Connection.headEnd(buffer[..<filled]) else { continue }
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
}
