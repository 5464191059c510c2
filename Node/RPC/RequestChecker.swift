internal import HTTPTypes
internal import Hummingbird
internal import NodeClient

/// Checks a request against its endpoint's declaration, before any of its body is read.
struct RequestChecker {
    static let queryMembersMax = 32

    let endpoint: Endpoint
    let request: Request

    /// Text of the declared parameters that were given, each one well formed.
    func parameters(path: [String: String], query: Substring) throws(Problem) -> [String: String] {
        var values = path
        if !endpoint.judgesItsAddress { try take(query, &values) }
        if endpoint.parameters.isEmpty { return values }
        let headers = RequestFields(request)
        for parameter in endpoint.parameters where parameter.place == .header {
            if let value = headers[parameter.name] { values[parameter.name] = value }
        }
        for parameter in endpoint.parameters {
            guard let text = values[parameter.name] else { continue }
            do {
                try parameter.check(text)
            } catch {
                throw malformed("The \(parameter.place.rawValue) parameter \(parameter.name) is wrong: \(error).")
            }
        }
        return values
    }

    private func take(_ query: Substring, _ values: inout [String: String]) throws(Problem) {
        guard let members = PercentEncoding.query(query) else {
            throw malformed("A percent escape in the query is broken: write %xx with two hex digits.")
        }
        guard members.count <= RequestChecker.queryMembersMax else {
            throw malformed("The query has too many members.")
        }
        let known = endpoint.parameters.filter { $0.place == .query }.map(\.name)
        for member in members {
            guard known.contains(member.name) else {
                let list = known.isEmpty ? "none" : known.joined(separator: ", ")
                throw malformed("There is no query parameter \(member.name.prefix(64)); known here: \(list).")
            }
            guard values.updateValue(member.value, forKey: member.name) == nil else {
                throw malformed("The query parameter \(member.name) is given twice.")
            }
        }
    }

    /// The declared media type of the answer that the caller prefers; empty when the handler chooses itself, or when no
    /// answer has a body.
    func answerType() throws(Problem) -> String {
        if endpoint.negotiatesItself { return "" }
        let offers = endpoint.answers.flatMap { $0.forms.map(\.mediaType) }
        if offers.isEmpty { return "" }
        let accepts = request.headers[values: .accept].joined(separator: ",")
        guard let chosen = MediaNegotiation.choose(offers, accept: accepts) else {
            throw Problem(.notAcceptable, "The answer comes as \(offers.joined(separator: " or ")); Accept names none.")
        }
        return chosen
    }

    /// Media type of the body when the endpoint takes one.
    func contentType() throws(Problem) -> String? {
        guard let body = endpoint.body else { return nil }
        let forms = body.forms.map(\.mediaType)
        let given = request.headers[.contentType].map(MediaNegotiation.bare) ?? ""
        guard forms.contains(given) else {
            throw Problem(
                .mediaTypeUnsupported, "Content-Type must be \(forms.joined(separator: " or ")).",
                headers: [(name: "Accept-Post", value: forms.joined(separator: ", "))])
        }
        return given
    }

    private func malformed(_ detail: String) -> Problem { Problem(.malformedRequest, detail) }
}
