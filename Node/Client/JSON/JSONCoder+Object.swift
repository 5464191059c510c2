/// A member of an object: its name, its form, and where it is in the Swift value.
package struct JSONField<Root, Value>: Sendable {
    let name: String
    let schema: Schema
    let isRequired: Bool
    /// Nil leaves the member out.
    let write: @Sendable (Root) -> JSONValue?
    let read: @Sendable (JSONValue?) throws -> Value

    func value(in object: JSONValue) throws -> Value {
        do {
            return try read(object[name])
        } catch let failure as JSONFailure {
            throw failure.inside(name)
        } catch {
            throw JSONFailure("\(error)", path: [name])
        }
    }
}

/// A member that is always there.
package func field<Root, Value>(
    _ name: String, _ get: @escaping @Sendable (Root) -> Value, _ coder: JSONCoder<Value>, _ note: String? = nil
) -> JSONField<Root, Value> {
    JSONField(
        name: name, schema: note.map(coder.schema.described) ?? coder.schema, isRequired: true,
        write: { coder.encode(get($0)) },
        read: { json in
            guard let json else { throw JSONFailure("is missing") }
            return try coder.decode(json)
        })
}

/// A member that is left out when nil.
package func optional<Root, Value>(
    _ name: String, _ get: @escaping @Sendable (Root) -> Value?, _ coder: JSONCoder<Value>, _ note: String? = nil
) -> JSONField<Root, Value?> {
    JSONField(
        name: name, schema: note.map(coder.schema.described) ?? coder.schema, isRequired: false,
        write: { get($0).map(coder.encode) },
        read: { try $0.map(coder.decode) })
}

/// A member for readers only: it is written, and ignored when read.
package func derived<Root, Value>(
    _ name: String, _ get: @escaping @Sendable (Root) -> Value, _ coder: JSONCoder<Value>, _ note: String? = nil
) -> JSONField<Root, Void> {
    JSONField(
        name: name, schema: note.map(coder.schema.described) ?? coder.schema, isRequired: false,
        write: { coder.encode(get($0)) }, read: { _ in })
}

extension JSONCoder {
    /// An object with these members. A closed one refuses any other member, so that a mistyped name is found.
    package static func object<each Field>(
        _ name: String, _ note: String, closed: Bool = false, _ fields: repeat JSONField<Value, each Field>,
        make: @escaping @Sendable (repeat each Field) throws -> Value
    ) -> JSONCoder {
        var properties: [JSONValue.Member] = []
        var required: [JSONValue] = []
        var parts: [Schema] = []
        for one in repeat each fields {
            properties.append(JSONValue.Member(one.name, one.schema.use))
            if one.isRequired { required.append(.string(one.name)) }
            parts += one.schema.needs
        }
        let known = Set(properties.map(\.name))
        var body: [JSONValue.Member] = [
            .init("type", "object"), .init("description", .string(note)), .init("properties", .object(properties)),
        ]
        if !required.isEmpty { body.append(.init("required", .array(required))) }
        if closed { body.append(.init("additionalProperties", false)) }
        return JSONCoder(
            Schema(name: name, .object(body), parts: parts),
            encode: { value in
                var members: [JSONValue.Member] = []
                for one in repeat each fields {
                    if let json = one.write(value) { members.append(JSONValue.Member(one.name, json)) }
                }
                return .object(members)
            },
            decode: { json in
                guard case .object(let members) = json else {
                    throw JSONFailure("expected an object, not \(json.kind)")
                }
                if closed, let unknown = members.first(where: { !known.contains($0.name) }) {
                    throw JSONFailure("unknown member; known are \(known.sorted().joined(separator: ", "))")
                        .inside(unknown.name)
                }
                return try make(repeat try (each fields).value(in: json))
            })
    }
}
