internal import Chain
internal import NodeClient
internal import Primitives

/// The event stream.
struct EventRoutes: RouteModule {
    let service: any NodeService
    let configuration: APIConfiguration
    let limits: APILimits
    let feed: EventFeed

    let tag = "Events"
    let tagDescription = "Final blocks, receipts and contract events as they happen, as server-sent events."

    private let kinds = ParameterKey<[String]>(
        "kinds", .query, .kinds, "Comma-separated: block, receipt, event. Block and event when left out.")
    private let instance = ParameterKey<Address>("instance", .query, .address, "Events of this instance only.")
    private let numbers = ParameterKey<[UInt16]>(
        "events", .query, .numbers,
        "Events with these numbers only, comma-separated, as the contract's interface lists them; with `instance` in most cases."
    )
    private let named = ParameterKey<Digest>(
        "names", .query, .digest,
        "Events only whose record names this digest: an account (SHA-256 of its holder's DID), a data set, a part.")
    private let after = ParameterKey<StreamPosition>(
        "after", .query, .position, "Start after this id; `Last-Event-ID` wins over it. From now on when left out.")
    private let lastEventID = ParameterKey<StreamPosition>(
        "Last-Event-ID", .header, .position, "Id of the last entry that was seen; browsers send it when reconnecting.")

    var endpoints: [Endpoint] { [stream] }

    private var stream: Endpoint {
        let parts = [
            JSONCoder<BlockNotice>.blockNotice.schema, JSONCoder<ReceiptNotice>.receiptNotice.schema,
            JSONCoder<EventNotice>.eventNotice.schema, JSONCoder<StreamEnd>.streamEnd.schema,
        ]
        let schema = Schema(
            ["type": "string", "description": "Each `data` is BlockNotice, ReceiptNotice, EventNotice or StreamEnd."],
            parts: parts)
        var endpoint = Endpoint(
            .get, "/v1/events", operation: "streamEvents", summary: "Follow the chain",
            details: "An endless stream. Entries have ids, so that a reader that comes back misses nothing. A reader "
                + "that falls too far behind gets an `end` entry that says so. Comments keep idle connections open.",
            parameters: [
                kinds.declaration, instance.declaration, numbers.declaration, named.declaration, after.declaration,
                lastEventID.declaration,
            ],
            answers: [Endpoint.Answer(200, "The stream.", [Endpoint.Form("text/event-stream", schema)])]
        ) { request in
            let lease = try enter(request.client)
            let filter = StreamFilter(
                kinds: Set(request[kinds] ?? ["block", "event"]), instance: request[instance],
                events: request[numbers].map(Set.init), named: request[named])
            let stream = EventStream(
                service: service, feed: feed, filter: filter, configuration: configuration, metrics: limits.metrics,
                start: request[lastEventID] ?? request[after])
            return APIAnswer(
                mediaType: "text/event-stream",
                body: .stream { write in
                    defer { withExtendedLifetime(lease) {} }
                    try await stream.run(write)
                }
            ).with("Cache-Control", "no-store").with("X-Accel-Buffering", "no")
        }
        endpoint.isStream = true
        return endpoint
    }

    private func enter(_ client: String) throws(Problem) -> Lease {
        switch limits.streams.enter(client) {
        case nil:
            let streams = limits.streams
            return Lease { streams.leave(client) }
        case .perClient:
            throw Problem(
                .tooManyRequests,
                "This address has \(configuration.eventStreamsPerClientMax) event streams open. Close one first."
            ).retrying(afterSeconds: 5)
        case .total:
            throw Problem(.busy, "The node serves as many event streams as it can. Use another node.")
                .retrying(afterSeconds: 30)
        }
    }
}

extension JSONCoder where Value == [String] {
    fileprivate static var kinds: JSONCoder {
        let words = ChainNotice.Kind.allCases.map(\.rawValue)
        let any = words.joined(separator: "|")
        return JSONCoder(
            Schema(["type": "string", "pattern": .string("^(\(any))(,(\(any))){0,7}$")]),
            encode: { .string($0.joined(separator: ",")) },
            decode: { json in
                let parts = (json.text ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                guard parts.count <= 8, parts.allSatisfy(words.contains) else {
                    throw JSONFailure("expected some of \(words.joined(separator: ", ")), separated by commas")
                }
                return parts
            })
    }
}

extension JSONCoder where Value == [UInt16] {
    /// Up to 16.
    fileprivate static var numbers: JSONCoder {
        JSONCoder(
            Schema(["type": "string", "pattern": "^[0-9]{1,5}(,[0-9]{1,5}){0,15}$"]),
            encode: { .string($0.map(String.init).joined(separator: ",")) },
            decode: { json in
                let parts = (json.text ?? "").split(separator: ",", omittingEmptySubsequences: false)
                let numbers = parts.compactMap { part in
                    part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt16(part) : nil
                }
                guard numbers.count == parts.count, (1...16).contains(parts.count) else {
                    throw JSONFailure("expected 1 to 16 numbers of events below 65536, separated by commas")
                }
                return numbers
            })
    }
}

extension JSONCoder where Value == StreamPosition {
    fileprivate static var position: JSONCoder {
        JSONCoder(
            Schema(["type": "string", "pattern": "^[0-9]{1,19}(-[0-9]{1,9})?$"]),
            encode: { .string($0.description) },
            decode: { json in
                guard let position = json.text.flatMap({ StreamPosition($0) }) else {
                    throw JSONFailure("expected the id of an entry: a height, or a height and a number")
                }
                return position
            })
    }
}
