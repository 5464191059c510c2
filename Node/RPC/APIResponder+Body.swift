internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NodeClient

extension APIResponder {
    /// Reads the body, whose bytes are counted in `share` before they are kept: who declares many and sends none takes up
    /// nothing.
    func readBody(
        _ endpoint: Endpoint, _ exchange: inout Exchange, _ share: CapacityShare
    ) async throws -> [UInt8] {
        guard let declaration = endpoint.body else { return [] }
        let max = declaration.bytesMax
        if let declared = exchange.request.headers[.contentLength].flatMap({ Int($0) }), declared > max {
            throw tooLarge(declaration)
        }
        let stream = exchange.request.body
        let bytes: [UInt8]?
        do {
            bytes = try await withTimeLimit(milliseconds: UInt64(configuration.bodyMillisecondsMax)) {
                var collected: [UInt8] = []
                for try await buffer in stream {
                    guard buffer.readableBytes <= max - collected.count else { return nil }
                    try take(buffer.readableBytes, share)
                    collected.append(contentsOf: buffer.readableBytesView)
                }
                return collected
            }
        } catch is TimeLimitExceeded {
            throw Problem(.malformedRequest, "The body did not arrive within \(configuration.bodyMillisecondsMax) ms.")
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.malformedRequest, "The body is not well-formed HTTP, or the connection broke off in it.")
        }
        guard let bytes else { throw tooLarge(declaration) }
        exchange.isBodyRead = true
        exchange.bodyBytes = bytes.count
        return bytes
    }

    private func take(_ bytes: Int, _ share: CapacityShare) throws(Problem) {
        switch share.grow(by: bytes) {
        case nil: return
        case .total:
            throw Problem(.busy, "The node holds as many request bodies as it can. Try again in a moment.")
                .retrying(afterSeconds: 1)
        case .perClient:
            throw Problem(
                .tooManyRequests, "This address sends more bodies at once than the node takes. Send them one by one."
            ).retrying(afterSeconds: 1)
        }
    }

    private func tooLarge(_ body: Endpoint.Body) -> Problem {
        Problem(.bodyTooLarge, "The body may have at most \(body.bytesMax) bytes here. Send it in smaller parts.")
    }
}
