internal import AsyncHTTPClient
package import Chain
internal import NIOCore
internal import NIOHTTP1
package import Primitives

/// The chain as it grows, from any node: reconnects by itself, to another node if need be, and goes on after the last
/// entry that was seen, so that none is missed and none comes twice. Pull-based: what is not asked for waits at the node.
package struct EventSubscription: AsyncSequence, Sendable {
    package typealias Element = (position: StreamPosition, notice: ChainNotice)

    let client: NodeClient
    let kinds: [ChainNotice.Kind]
    let instance: Address?
    let numbers: [UInt16]
    let named: Digest?
    let after: StreamPosition?

    package func makeAsyncIterator() -> Iterator { Iterator(self) }

    package struct Iterator: AsyncIteratorProtocol {
        private let subscription: EventSubscription
        private var position: StreamPosition?
        private var body: HTTPClientResponse.Body.AsyncIterator?
        private var parser = EventStreamParser()
        private var node = 0

        init(_ subscription: EventSubscription) {
            self.subscription = subscription
            position = subscription.after
        }

        /// The next entry. Throws when a node breaks the format, refuses the subscription, or no node answers.
        package mutating func next() async throws -> Element? {
            while true {
                try Task.checkCancellation()
                if let entry = parser.next() {
                    if let element = try take(entry) { return element }
                    continue
                }
                if parser.isOverfull { throw broken("an entry above the bound") }
                if body == nil { try await connect() }
                do {
                    if let chunk = try await body?.next() {
                        parser.append(chunk.readableBytesView)
                        continue
                    }
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    // A broken connection is ordinary: the next one goes on where this one ended.
                }
                body = nil
                parser = EventStreamParser()
                try await Task.sleep(for: .milliseconds(subscription.client.configuration.pauseMilliseconds))
            }
        }

        private mutating func take(_ entry: EventStreamParser.Entry) throws -> Element? {
            let place = entry.id.flatMap { StreamPosition($0) }
            if let place, position.map({ $0 < place }) ?? true { position = place }
            guard !entry.data.isEmpty, entry.kind != "end" else { return nil }
            guard let kind = ChainNotice.Kind(rawValue: entry.kind) else { return nil }
            guard let place else { throw broken("an entry without an id") }
            do {
                return (place, try ChainNotice(kind: kind, parsing: entry.data))
            } catch {
                throw broken("\(error)")
            }
        }

        private func broken(_ what: String) -> ClientError {
            .badAnswer(node: subscription.client.nodes[node], what)
        }

        /// To the first node that takes the subscription; tried again as often and as late as requests are.
        private mutating func connect() async throws {
            let (client, path, position) = (subscription.client, subscription.path, position)
            let (taken, response) = try await client.inRounds { index in
                let headers = position.map { [("Last-Event-ID", $0.description)] } ?? []
                let response = try await client.send(
                    NodeRequest(path, accept: "text/event-stream"), to: index, headers: headers)
                guard response.status == .ok else { throw try await client.problem(response, of: index) }
                return (index, response)
            }
            node = taken
            body = response.body.makeAsyncIterator()
        }
    }

    private var path: String {
        let kinds = kinds.map(\.rawValue).joined(separator: ",")
        return "/v1/events?kinds=\(kinds)" + (instance.map { "&instance=\($0)" } ?? "")
            + (numbers.isEmpty ? "" : "&events=\(numbers.map(String.init).joined(separator: ","))")
            + (named.map { "&names=\($0)" } ?? "")
    }
}

extension NodeClient {
    /// Follows the chain from after `after`, or from now on. Events can be narrowed to an instance, to numbers of events (16
    /// at most; none means all), and to those whose record names a digest, such as an account's.
    package func events(
        _ kinds: [ChainNotice.Kind] = [.block, .event], of instance: Address? = nil, numbers: [UInt16] = [],
        naming named: Digest? = nil, after: StreamPosition? = nil
    ) -> EventSubscription {
        EventSubscription(client: self, kinds: kinds, instance: instance, numbers: numbers, named: named, after: after)
    }
}
