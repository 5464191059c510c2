/// The errors of DID Resolution with their HTTP status; `type` is what programs compare.
package struct ResolutionProblem: Error, Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case invalidDID = "INVALID_DID"
        case invalidDIDURL = "INVALID_DID_URL"
        case invalidOptions = "INVALID_OPTIONS"
        case notFound = "NOT_FOUND"
        case representationNotSupported = "REPRESENTATION_NOT_SUPPORTED"
        case methodNotSupported = "METHOD_NOT_SUPPORTED"
        case featureNotSupported = "FEATURE_NOT_SUPPORTED"
        case invalidDocument = "INVALID_DID_DOCUMENT"
        case internalError = "INTERNAL_ERROR"

        package var status: Int {
            switch self {
            case .invalidDID, .invalidDIDURL, .invalidOptions: 400
            case .notFound: 404
            case .representationNotSupported: 406
            case .methodNotSupported, .featureNotSupported: 501
            case .invalidDocument, .internalError: 500
            }
        }

        package var type: String { "https://www.w3.org/ns/did#" + rawValue }

        package var title: String {
            switch self {
            case .invalidDID: "The DID is malformed"
            case .invalidDIDURL: "The DID URL is malformed"
            case .invalidOptions: "An option is malformed"
            case .notFound: "There is nothing by that name"
            case .representationNotSupported: "The answer has no such form"
            case .methodNotSupported: "This resolver knows no such DID method"
            case .featureNotSupported: "This resolver does not do that"
            case .invalidDocument: "The document is damaged"
            case .internalError: "The resolver failed to answer"
            }
        }
    }

    package let kind: Kind
    package let detail: String
    /// State keys whose contents prove that the answer is right: absence of an object, or the versions that it has.
    package var evidence: [[UInt8]]

    package init(_ kind: Kind, _ detail: String, evidence: [[UInt8]] = []) {
        self.kind = kind
        self.detail = detail
        self.evidence = evidence
    }
}
