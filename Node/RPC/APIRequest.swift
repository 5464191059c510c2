package import NodeClient

/// A request whose parameters, media types and size have been checked against its endpoint's declaration.
package struct APIRequest: Sendable {
    package let method: String
    /// Path without the query, as received.
    package let path: String
    /// Text of the declared parameters that were given.
    package let parameters: [String: String]
    /// Header fields by lower-case name; repeated ones joined by ", ".
    package let headers: [String: String]
    package let body: [UInt8]
    /// Media type of the body, lower case, without parameters; nil when the endpoint takes none.
    package let contentType: String?
    /// Media type to answer with: the declared one that the caller prefers.
    package let answerType: String
    /// Address of the client, without the port.
    package let client: String

    package func header(_ name: String) -> String? { headers[name.lowercased()] }

    /// Value of a declared parameter, nil when it was not given.
    package subscript<Value>(key: ParameterKey<Value>) -> Value? {
        guard let text = parameters[key.name] else { return nil }
        return try? key.parse(text)
    }

    /// Value of a parameter that the request cannot be without.
    package func value<Value>(_ key: ParameterKey<Value>) throws(Problem) -> Value {
        guard let value = self[key] else {
            throw Problem(.malformedRequest, "The \(key.place.rawValue) parameter \(key.name) is missing.")
        }
        return value
    }

    /// The JSON body, read by the declared form.
    package func json<Value>(_ coder: JSONCoder<Value>) throws(Problem) -> Value {
        if body.isEmpty { throw Problem(.malformedRequest, "The body is missing.") }
        do {
            return try coder.value(parsing: body)
        } catch {
            throw Problem(.malformedRequest, "The body cannot be read. \(error).")
        }
    }

    package var hasJSONBody: Bool { contentType == "application/json" }
    package var wantsBytes: Bool { answerType == "application/octet-stream" }
}
