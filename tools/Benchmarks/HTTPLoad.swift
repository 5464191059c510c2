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
            let connection = try PlainConnection(port: port)
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
            guard let end = PlainConnection.headEnd(bytes[...]) else { throw BenchError("an answer has no head") }
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
        let connection = try PlainConnection(port: port)
        var done = (answers: 0, bytes: 0)
        var position = start
        while Stopwatch.now() < end {
            done.bytes += try connection.ask(requests[position % requests.count])
            done.answers += 1
            position += 1
        }
        return done
    }
}
