internal import HTTPTypes
internal import Hummingbird
package import NodeClient

/// A request whose parameters, media types and size have been checked against its endpoint's declaration.
package struct APIRequest: Sendable {
    package let method: String
    /// Path without the query, as received.
    package let path: String
    /// The query as received, without the question mark.
    package let query: String
    /// Text of the declared parameters that were given.
    package let parameters: [String: String]
    let headers: RequestFields
    package let body: [UInt8]
    /// Media type of the body, lower case, without parameters; nil when the endpoint takes none.
    package let contentType: String?
    /// Media type to answer with: the declared one that the caller prefers.
    package let answerType: String
    /// Address of the client, without the port.
    package let client: String
    let rate: RateLimiter?

    /// A header field by its name in any case; repeated ones joined by ", ".
    package func header(_ name: String) -> String? { headers[name] }

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

    /// Takes tokens from the client's bucket for what its answer costs beyond its endpoint's price, whether it has them or
    /// not: the next requests wait for them.
    package func charge(_ tokens: Double) { _ = rate?.charge(tokens, from: client, now: .now) }

    package var hasJSONBody: Bool { contentType == "application/json" }
    package var wantsBytes: Bool { answerType == "application/octet-stream" }
}

/// The header fields of a request as they came: most handlers look at one of them, or at none.
struct RequestFields: Sendable {
    private let fields: HTTPFields
    private let host: String?

    init(_ request: Request) {
        fields = request.headers
        host = request.head.authority
    }

    subscript(name: String) -> String? {
        let wanted = name.lowercased()
        var found = wanted == "host" ? host : nil
        for field in fields where field.name.canonicalName == wanted {
            found = found.map { $0 + ", " + field.value } ?? field.value
        }
        return found
    }
}
