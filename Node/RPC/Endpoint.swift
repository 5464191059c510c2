package import NodeClient

/// One route, declared once: the router, the checks of a request and the OpenAPI document all come from it.
package struct Endpoint: Sendable {
    package enum Method: String, Hashable, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// GET answers HEAD, too.
    package let method: Method
    /// `/v1/blocks/{reference}`; a last segment `{name+}` takes all that is left, slashes included.
    package let path: String
    /// Unique name for generated clients, in camel case.
    package let operation: String
    package let summary: String
    package let details: String
    package var parameters: [Parameter]
    package var body: Body?
    package var answers: [Answer] { didSet { hasSeveralForms = Endpoint.hasSeveralForms(answers) } }
    /// Some answer comes in the form that Accept asks for.
    private(set) var hasSeveralForms: Bool
    /// Kinds of problem that this route adds to those that any route can answer with.
    package var problems: [Problem.Kind]
    /// Tokens that one request takes from its client's bucket.
    package var cost: UInt32 = 1
    /// Time for its work beyond what any request may take.
    package var moreMilliseconds: UInt32 = 0
    /// The handler judges the Accept header by its own rules.
    package var negotiatesItself = false
    /// The handler says itself what is wrong with the rest of the path and with the query: broken escapes stay as they
    /// came, and it reads `APIRequest.query`.
    package var judgesItsAddress = false
    /// A stream has no time limit and counts against the limit of streams.
    package var isStream = false
    /// Answers with a few kilobytes from memory, for who watches the node: also a client that has left its whole share of answers unread,
    /// which a monitor may have in common with others. At most one such answer waits on a connection.
    package var isForWatching = false
    /// Browsers let pages of other origins read the answers. Not for what is the operator's own business.
    package var isOpenToOtherOrigins = true
    package let handle: @Sendable (APIRequest) async throws -> APIAnswer

    package init(
        _ method: Method, _ path: String, operation: String, summary: String, details: String = "",
        parameters: [Parameter] = [], body: Body? = nil, answers: [Answer], problems: [Problem.Kind] = [],
        handle: @escaping @Sendable (APIRequest) async throws -> APIAnswer
    ) {
        self.method = method
        self.path = path
        self.operation = operation
        self.summary = summary
        self.details = details
        self.parameters = parameters
        self.body = body
        self.answers = answers
        self.problems = problems
        self.handle = handle
        hasSeveralForms = Endpoint.hasSeveralForms(answers)
    }

    private static func hasSeveralForms(_ answers: [Answer]) -> Bool { answers.contains { $0.forms.count > 1 } }

    /// A form of a body, by media type.
    package struct Form: Sendable {
        package let mediaType: String
        package let schema: Schema

        package init(_ mediaType: String, _ schema: Schema) {
            self.mediaType = mediaType
            self.schema = schema
        }

        package static func json(_ schema: Schema) -> Form { Form("application/json", schema) }
        package static func bytes(_ note: String) -> Form {
            Form(
                "application/octet-stream",
                Schema(["type": "string", "format": "binary", "description": .string(note)]))
        }
    }

    package struct Body: Sendable {
        package let forms: [Form]
        package let bytesMax: Int

        package init(_ forms: [Form], bytesMax: Int) {
            self.forms = forms
            self.bytesMax = bytesMax
        }
    }

    package struct Answer: Sendable {
        package let status: Int
        package let note: String
        /// The first one is given to callers that do not ask.
        package let forms: [Form]
        package let headers: [Header]

        package init(_ status: Int = 200, _ note: String, _ forms: [Form], headers: [Header] = []) {
            self.status = status
            self.note = note
            self.forms = forms
            self.headers = headers
        }

        package static let notModified = Answer(304, "Unchanged since the ETag that the request names.", [])
    }

    package struct Header: Sendable {
        package let name: String
        package let schema: Schema
        package let note: String

        package init(_ name: String, _ schema: Schema, _ note: String) {
            self.name = name
            self.schema = schema
            self.note = note
        }
    }
}
