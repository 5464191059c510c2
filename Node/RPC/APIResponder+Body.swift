internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NodeClient

extension APIResponder {
    /// Keeps the sum of all bodies in memory bounded, before a byte of this one is read.
    func reserveBody(_ endpoint: Endpoint, _ exchange: Exchange) throws(Problem) -> Lease? {
        guard let body = endpoint.body else { return nil }
        let declared = exchange.request.headers[.contentLength].flatMap { Int($0) }
        if let declared, declared > body.bytesMax { throw tooLarge(body) }
        let amount = max(0, declared ?? body.bytesMax)
        guard amount > 0 else { return nil }
        guard limits.bodyBytes.enter(amount: amount) == nil else {
            throw Problem(.busy, "The node holds as many request bodies as it can. Try again in a moment.")
                .retrying(afterSeconds: 1)
        }
        let capacity = limits.bodyBytes
        return Lease { capacity.leave(amount: amount) }
    }

    func readBody(_ endpoint: Endpoint, _ exchange: inout Exchange) async throws -> [UInt8] {
        guard let declaration = endpoint.body else { return [] }
        let max = declaration.bytesMax
        let stream = exchange.request.body
        let bytes: [UInt8]?
        do {
            bytes = try await withTimeLimit(milliseconds: UInt64(configuration.bodyMillisecondsMax)) {
                var collected: [UInt8] = []
                for try await buffer in stream {
                    guard buffer.readableBytes <= max - collected.count else { return nil }
                    collected.append(contentsOf: buffer.readableBytesView)
                }
                return collected
            }
        } catch is TimeLimitExceeded {
            throw Problem(.malformedRequest, "The body did not arrive within \(configuration.bodyMillisecondsMax) ms.")
        } catch {
            throw Problem(.malformedRequest, "The body is not well-formed HTTP, or the connection broke off in it.")
        }
        guard let bytes else { throw tooLarge(declaration) }
        exchange.isBodyRead = true
        exchange.bodyBytes = bytes.count
        return bytes
    }

    private func tooLarge(_ body: Endpoint.Body) -> Problem {
        Problem(.bodyTooLarge, "The body may have at most \(body.bytesMax) bytes here. Send it in smaller parts.")
    }
}

/// Gives back what was reserved when it goes away.
final class Lease: Sendable {
    private let release: @Sendable () -> Void
    init(_ release: @escaping @Sendable () -> Void) { self.release = release }
    deinit { release() }
}
