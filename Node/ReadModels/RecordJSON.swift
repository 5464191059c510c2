package import ContractKit
internal import LedgerCrypto
package import NodeClient
package import Primitives

/// Records of contracts as JSON, by their shapes: field by field, bytes in hexadecimal, codes and bits by name. 64-bit
/// numbers that may be above 2^53 - 1 (energy and money are not) are numbers all the same, as everywhere in this API.
package enum RecordJSON {
    /// Fields whose number is a set of named bits.
    private static let bits: [String: [(name: String, bit: UInt32)]] = [
        "roles": MarketRoles.named.map { ($0.name, $0.bit.rawValue) },
        "capabilities": Capabilities.named.map { ($0.name, $0.bit.rawValue) },
        "purposes": Purposes.named.map { ($0.name, $0.bit.rawValue) },
    ]

    package static func json<Value: ContractValue>(_ value: Value) -> JSONValue {
        (try? json(value.bcs, Value.shape)) ?? .null
    }

    /// Throws when the bytes do not have the shape.
    package static func json(_ bytes: [UInt8], _ shape: Shape) throws(BCSError) -> JSONValue {
        var decoder = BCSDecoder(bytes)
        let value = try read(shape, &decoder, field: "")
        try decoder.finish()
        return value
    }

    private static func read(_ shape: Shape, _ decoder: inout BCSDecoder, field: String) throws(BCSError) -> JSONValue {
        switch shape {
        case .bool: return .bool(try decoder.bool())
        case .u8: return .unsigned(UInt64(try decoder.u8()))
        case .u16: return .unsigned(UInt64(try decoder.u16()))
        case .u32: return number(try decoder.u32(), field)
        case .u64: return .unsigned(try decoder.u64())
        case .i64:
            let value = try decoder.i64()
            return value < 0 ? .negative(value) : .unsigned(UInt64(value))
        case .digest: return .string(try decoder.digest().description)
        case .address: return .string(Hex.encode(try decoder.fixed(20)))
        case .publicKey: return .string(try PublicKey(from: &decoder).description)
        case .signature: return .string(Hex.encode(try decoder.fixed(64)))
        case .text(let max): return .string(try decoder.string(max: max))
        case .bytes(let max): return .string(Hex.encode(try decoder.blob(max: max)))
        case .option(let inner): return try decoder.bool() ? try read(inner, &decoder, field: field) : .null
        case .list(let element, let max):
            var values: [JSONValue] = []
            for _ in 0..<(try decoder.length(max: max)) { values.append(try read(element, &decoder, field: field)) }
            return .array(values)
        case .record(_, let fields): return .object(try members(fields, &decoder))
        case .choice(_, let cases):
            let tag = try decoder.uleb()
            guard let found = cases.first(where: { $0.tag == tag }) else { throw decoder.failure(.unknownTag(tag)) }
            return .object([.init("case", .string(found.name))] + (try members(found.fields, &decoder)))
        case .code(_, let values):
            let code = try decoder.u8()
            guard let found = values.first(where: { $0.value == code }) else {
                throw decoder.failure(.unknownTag(UInt32(code)))
            }
            return .string(found.name)
        }
    }

    private static func members(
        _ fields: [Shape.Field], _ decoder: inout BCSDecoder
    ) throws(BCSError) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        for field in fields { members.append(.init(field.name, try read(field.shape, &decoder, field: field.name))) }
        return members
    }

    private static func number(_ value: UInt32, _ field: String) -> JSONValue {
        guard let names = bits[field] else { return .unsigned(UInt64(value)) }
        return .array(names.filter { value & $0.bit != 0 }.map { .string($0.name) })
    }

    // MARK: schemas

    /// The JSON Schema of what `json` writes.
    package static func schema(_ name: String, _ shape: Shape, _ note: String) -> Schema {
        guard case .object(let members) = schema(shape, field: "") else { return Schema(name: name, [:]) }
        return Schema(name: name, .object([.init("description", .string(note))] + members))
    }

    private static func schema(_ shape: Shape, field: String) -> JSONValue {
        switch shape {
        case .bool: return ["type": "boolean"]
        case .u8, .u16, .u64: return ["type": "integer", "minimum": 0]
        case .u32:
            guard let names = bits[field] else { return ["type": "integer", "minimum": 0] }
            return ["type": "array", "items": ["type": "string", "enum": .array(names.map { .string($0.name) })]]
        case .i64: return ["type": "integer"]
        case .digest: return ["type": "string", "pattern": "^[0-9a-f]{64}$"]
        case .address, .signature, .bytes: return ["type": "string", "pattern": "^([0-9a-f]{2})*$"]
        case .publicKey, .text: return ["type": "string"]
        case .option(let inner): return ["anyOf": [schema(inner, field: field), ["type": "null"]]]
        case .list(let element, let max):
            return [
                "type": "array", "items": schema(element, field: field), "maxItems": .unsigned(UInt64(clamping: max)),
            ]
        case .record(_, let fields):
            return [
                "type": "object",
                "properties": .object(fields.map { .init($0.name, schema($0.shape, field: $0.name)) }),
                "required": .array(fields.map { .string($0.name) }),
            ]
        case .choice: return ["type": "object"]
        case .code(_, let values): return ["type": "string", "enum": .array(values.map { .string($0.name) })]
        }
    }
}
