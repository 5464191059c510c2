/// How a type is written in JSON: encoder, decoder and schema in one declaration, so that they cannot drift apart.
package struct JSONCoder<Value>: Sendable {
    package let schema: Schema
    package let encode: @Sendable (Value) -> JSONValue
    package let decode: @Sendable (JSONValue) throws -> Value

    package init(
        _ schema: Schema, encode: @escaping @Sendable (Value) -> JSONValue,
        decode: @escaping @Sendable (JSONValue) throws -> Value
    ) {
        self.schema = schema
        self.encode = encode
        self.decode = decode
    }

    /// Decodes a whole document.
    package func value(from json: JSONValue) throws(JSONFailure) -> Value {
        do {
            return try decode(json)
        } catch let failure as JSONFailure {
            throw failure
        } catch {
            throw JSONFailure("\(error)")
        }
    }

    package func value(parsing bytes: some Sequence<UInt8>) throws(JSONFailure) -> Value {
        try value(from: try JSONValue(parsing: bytes))
    }

    /// The same form for another type.
    package func map<Other>(
        to make: @escaping @Sendable (Value) throws -> Other, from get: @escaping @Sendable (Other) -> Value
    ) -> JSONCoder<Other> {
        let coder = self
        return JSONCoder<Other>(
            schema, encode: { coder.encode(get($0)) }, decode: { try make(try coder.decode($0)) })
    }

    package func described(_ note: String) -> JSONCoder {
        JSONCoder(schema.described(note), encode: encode, decode: decode)
    }

    /// `null` for nil.
    package var nullable: JSONCoder<Value?> {
        let coder = self
        return JSONCoder<Value?>(
            Schema(["anyOf": [schema.use, ["type": "null"]]], parts: schema.needs),
            encode: { $0.map(coder.encode) ?? .null },
            decode: { $0 == .null ? nil : try coder.decode($0) })
    }

    /// A list of at most `max` values.
    package func list(max: Int) -> JSONCoder<[Value]> {
        let coder = self
        return JSONCoder<[Value]>(
            Schema(
                ["type": "array", "items": schema.use, "maxItems": .unsigned(UInt64(clamping: max))],
                parts: schema.needs),
            encode: { .array($0.map(coder.encode)) },
            decode: { json in
                guard case .array(let elements) = json else { throw JSONFailure("expected a list, not \(json.kind)") }
                guard elements.count <= max else { throw JSONFailure("at most \(max) entries are allowed") }
                return try elements.enumerated().map { index, element in
                    do throws(JSONFailure) {
                        return try coder.value(from: element)
                    } catch {
                        throw error.inside("[\(index)]")
                    }
                }
            })
    }
}
