internal import ContractKit
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
internal import RPC
internal import ReadModels

/// What the lists of the marketplace have in common: pages, the block that they are of, records as JSON.
struct MarketPage: Sendable {
    static let after = ParameterKey<UInt64>(
        "after", .query, .number(0...UInt64(Int64.max)), "Where the page before ended: its `next`.")
    static let limit = ParameterKey<UInt64>(
        "limit", .query, .number(1...UInt64(ReadModelStore.pageMax)), "At most so many; 50 when left out.")
    static let provider = ParameterKey<Digest>("provider", .query, .digest, "Those of this account only.")
    static let party = ParameterKey<Digest>("party", .query, .digest, "Those of this account only, on either side.")
    static let holder = ParameterKey<Digest>("holder", .path, .digest, "SHA-256 of the holder's DID.")
    static let id = ParameterKey<Digest>("id", .path, .digest, "Identifier of the data set.")
    static let number = ParameterKey<UInt64>("number", .path, .number(0...UInt64(Int64.max)), "From 0.")

    static var parameters: [Parameter] {
        [after.declaration, limit.declaration, CommonParameters.minimumHeight.declaration]
    }

    /// Where the lists stand; says 503 while that is below what the caller has seen.
    func position(_ models: ReadModelStore, _ request: APIRequest) throws -> ReadModelStore.Position? {
        let position = try models.position()
        if let wanted = request[CommonParameters.minimumHeight], position?.height ?? Height(0) < wanted {
            throw Problem(
                .behind,
                "The lists are at block \(position?.height ?? Height(0)), below the minimumHeight. Try again soon."
            ).retrying(afterSeconds: 1)
        }
        return position
    }

    // MARK: JSON

    static func json<Record: ContractValue>(
        _ entry: ReadModelEntry, _ type: Record.Type, _ more: [JSONValue.Member] = []
    ) throws -> JSONValue {
        guard case .object(let members) = try RecordJSON.json(entry.record, Record.shape) else { return .null }
        // A record that has a member of this name already, as an anchor has its height, keeps its own.
        let added = (more + [.init("height", .unsigned(entry.height.value))]).filter { member in
            !members.contains { $0.name == member.name }
        }
        return .object(members + added)
    }

    func json(_ value: JSONValue, _ position: ReadModelStore.Position?) -> APIAnswer {
        APIAnswer.json(value).with("Commonwatt-Height", "\(position?.height ?? Height(0))").uncached
    }

    func json(_ entries: [JSONValue], _ next: UInt64?, _ position: ReadModelStore.Position?) -> APIAnswer {
        json(
            .object([
                .init("entries", .array(entries)), .init("next", next.map { .unsigned($0) } ?? .null),
                .init("height", .unsigned(position?.height.value ?? 0)),
            ]), position)
    }

    // MARK: schemas

    static func schema<Record: ContractValue>(_ type: Record.Type) -> Schema {
        RecordJSON.schema("\(Record.self)Record", Record.shape, "The contract's record; bytes are hexadecimal.")
    }

    static func list<Record: ContractValue>(_ type: Record.Type) -> Schema {
        let entry = schema(type)
        return Schema(
            name: "\(Record.self)Page",
            [
                "type": "object",
                "properties": [
                    "entries": ["type": "array", "items": entry.use],
                    "next": [
                        "anyOf": [["type": "integer", "minimum": 0], ["type": "null"]],
                        "description": "Give it as `after` for the next page; null at an empty page or after a search.",
                    ],
                    "height": ["type": "integer", "minimum": 0, "description": "The block that the page is of."],
                ],
                "required": ["entries", "next", "height"],
            ], parts: [entry])
    }

    static let positionSchema = Schema(
        name: "MarketPosition",
        [
            "type": "object",
            "properties": [
                "height": ["type": "integer", "minimum": 0], "block": ["type": "string"],
                "time": ["type": "integer", "minimum": 0], "first": ["type": "integer", "minimum": 0],
            ],
            "required": ["height", "block", "time", "first"],
        ])

    func answer(_ note: String, _ schema: Schema) -> Endpoint.Answer {
        Endpoint.Answer(
            200, note, [.json(schema)],
            headers: [
                Endpoint.Header(
                    "Commonwatt-Height", JSONCoder<String>.text(max: 20).schema, "The block that the answer is of.")
            ])
    }
}
