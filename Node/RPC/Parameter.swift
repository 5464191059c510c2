package import NodeClient

/// A path, query or header parameter of an endpoint, as the router checks it and the OpenAPI document shows it.
package struct Parameter: Sendable {
    package enum Place: String, Sendable {
        case path
        case query
        case header
    }

    package let name: String
    package let place: Place
    package let note: String
    package let isRequired: Bool
    package let schema: Schema
    /// A value that a real node knows, for readers and tools.
    package let example: String?
    /// Throws `JSONFailure` for a text that is no value of this parameter.
    let check: @Sendable (String) throws -> Void
}

/// A parameter with the type that a handler reads it as.
package struct ParameterKey<Value: Sendable>: Sendable {
    package let name: String
    package let place: Parameter.Place
    package let note: String
    package let coder: JSONCoder<Value>
    package let example: String?
    private let isWhole: Bool

    package init(
        _ name: String, _ place: Parameter.Place, _ coder: JSONCoder<Value>, _ note: String, example: String? = nil
    ) {
        self.name = name
        self.place = place
        self.note = note
        self.coder = coder
        self.example = example
        isWhole = coder.schema.body["type"]?.text == "integer"
    }

    package var declaration: Parameter {
        Parameter(
            name: name, place: place, note: note, isRequired: place == .path, schema: coder.schema, example: example,
            check: { text in _ = try parse(text) })
    }

    /// Reads the text of a parameter: plain digits for a number, the text itself for anything else.
    package func parse(_ text: String) throws(JSONFailure) -> Value {
        guard isWhole else { return try coder.value(from: .string(text)) }
        guard !text.isEmpty, text.utf8.count <= 20, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = UInt64(text)
        else { throw JSONFailure("expected a whole number in decimal digits") }
        return try coder.value(from: .unsigned(number))
    }
}
