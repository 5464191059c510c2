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
    private let events = ParameterKey<[EventChoice]>(
        "events", .query, .choices,
        "These events only, comma-separated: names or numbers as the contract's interface lists them. Names need `instance`, "
            + "whose contract declares them as it is when the stream begins; numbers mean other events in other contracts.",
        example: "anchored,deleted"
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
                + "that falls too far behind gets an `end` entry that says so. Comments keep idle connections open. Blocks "
                + "are paid for as they are looked through, whatever the filter leaves of them.",
            parameters: [
                kinds.declaration, instance.declaration, events.declaration, named.declaration, after.declaration,
                lastEventID.declaration,
            ],
            answers: [Endpoint.Answer(200, "The stream.", [Endpoint.Form("text/event-stream", schema)])],
            problems: [.notFound]
        ) { request in
            let numbers = try await numbers(request[events], of: request[instance])
            let lease = try enter(request.client)
            let filter = StreamFilter(
                kinds: Set(request[kinds] ?? ["block", "event"]), instance: request[instance],
                events: numbers, named: request[named])
            let stream = EventStream(
                service: service, feed: feed, filter: filter, configuration: configuration, limits: limits,
                client: request.client, start: request[lastEventID] ?? request[after])
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

    /// What the contract of `instance` calls the events; nil for all events.
    private func numbers(_ choices: [EventChoice]?, of instance: Address?) async throws -> Set<UInt16>? {
        guard let choices else { return nil }
        let names = choices.compactMap(\.name)
        guard let first = names.first else { return Set(choices.compactMap(\.number)) }
        guard let instance else {
            throw Problem(
                .notFound,
                "Contracts give their events names of their own: say with `instance` whose '\(first)' is meant, or give numbers."
            )
        }
        guard let text = try await service.contractInterface(instance) else {
            throw Problem(
                .notFound, "There is no contract instance \(instance) in the newest final state of this node.")
        }
        let declared = try EventChoice.declared(in: text)
        for name in names where declared[name] == nil {
            let known = declared.isEmpty ? "no events" : declared.keys.sorted().joined(separator: ", ")
            throw Problem(
                .notFound, "The contract of instance \(instance) declares no event '\(name)'. It declares \(known).")
        }
        return Set(choices.compactMap { choice in choice.number ?? choice.name.flatMap { declared[$0] } })
    }

    private func enter(_ client: String) throws(Problem) -> CapacityShare {
        let share = CapacityShare(limits.streams, client: client)
        switch share.grow() {
        case nil: return share
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

/// An event as a reader chooses it: one of both.
private struct EventChoice: Sendable {
    var number: UInt16?
    var name: String?

    static let nameBytesMax = 64

    /// Digits alone are a number.
    init?(_ text: Substring) {
        if let number = text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) ? UInt16(text) : nil {
            self.number = number
            return
        }
        let isName = text.utf8.enumerated().allSatisfy { index, byte in
            (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || (index > 0 && (0x30...0x39).contains(byte))
        }
        guard isName, (1...EventChoice.nameBytesMax).contains(text.utf8.count) else { return nil }
        name = String(text)
    }

    var text: String { number.map(String.init) ?? name ?? "" }

    /// Numbers of events by name, from a contract's interface.
    static func declared(in interface: String) throws -> [String: UInt16] {
        guard case .array(let events)? = try JSONValue(parsing: interface.utf8)["events"] else { return [:] }
        var declared: [String: UInt16] = [:]
        for event in events {
            guard let name = event["name"]?.text, case .unsigned(let number)? = event["number"] else { continue }
            declared[name] = UInt16(exactly: number)
        }
        return declared
    }
}

extension JSONCoder where Value == [EventChoice] {
    /// Up to 16.
    fileprivate static var choices: JSONCoder {
        let number = "6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[0-5]?[0-9]{1,4}"
        let one = "(\(number)|[A-Za-z][A-Za-z0-9]{0,\(EventChoice.nameBytesMax - 1)})"
        return JSONCoder(
            Schema(["type": "string", "pattern": .string("^\(one)(,\(one)){0,15}$")]),
            encode: { .string($0.map(\.text).joined(separator: ",")) },
            decode: { json in
                let parts = (json.text ?? "").split(separator: ",", omittingEmptySubsequences: false)
                let choices = parts.compactMap { EventChoice($0) }
                guard choices.count == parts.count, (1...16).contains(parts.count) else {
                    throw JSONFailure(
                        "expected 1 to 16 names of events, or their numbers below 65536, separated by commas")
                }
                return choices
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
