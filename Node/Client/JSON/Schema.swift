/// A JSON Schema (2020-12, as OpenAPI 3.1 uses it). Named ones are written once, under `#/components/schemas`.
package struct Schema: Sendable {
    /// Name under `#/components/schemas`; nil for one that is written in place.
    package let name: String?
    /// The schema itself, with references to the named ones inside it.
    package let body: JSONValue
    /// Named schemas that `body` refers to.
    package let parts: [Schema]

    package init(name: String? = nil, _ body: JSONValue, parts: [Schema] = []) {
        self.name = name
        self.body = body
        self.parts = parts
    }

    /// What to write where the schema is used.
    package var use: JSONValue {
        if let name { ["$ref": .string("#/components/schemas/\(name)")] } else { body }
    }

    /// The schemas to collect when this one is used somewhere.
    package var needs: [Schema] { name == nil ? parts : [self] }

    /// The same with a sentence for readers.
    package func described(_ note: String) -> Schema {
        let description = JSONValue.Member("description", .string(note))
        guard name == nil, case .object(let members) = body else {
            return Schema(.object([JSONValue.Member("allOf", .array([use])), description]), parts: needs)
        }
        return Schema(.object(members.filter { $0.name != "description" } + [description]), parts: parts)
    }

    /// All named schemas that `schemas` need, by name.
    package static func components(of schemas: [Schema]) -> [(name: String, body: JSONValue)] {
        var found: [String: JSONValue] = [:]
        var open = schemas.flatMap(\.needs)
        while let schema = open.popLast() {
            guard let name = schema.name, found[name] == nil else { continue }
            found[name] = schema.body
            open += schema.parts.flatMap(\.needs)
        }
        return found.sorted { $0.key < $1.key }.map { (name: $0.key, body: $0.value) }
    }
}
