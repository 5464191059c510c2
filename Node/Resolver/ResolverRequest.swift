internal import Encodings
internal import Identity
package import Primitives

/// What a client asks: a DID or DID URL, options, and the form of the answer.
package struct ResolverRequest: Sendable {
    /// As text, unescaped once.
    package let target: String
    /// Options beside the DID URL's own query, unescaped.
    package let options: [DIDURL.Member]
    package let accept: String?

    package init(target: String, options: [DIDURL.Member] = [], accept: String? = nil) {
        self.target = target
        self.options = options
        self.accept = accept
    }
}

/// A request whose parts were understood.
struct ResolverOrder {
    let url: DIDURL
    let did: DID
    let form: Representation
    let selection: VersionSelection
    let withProof: Bool
    let service: String?
    let relativeRef: String?

    /// Whether a part or another resource is wanted, not the document as a whole.
    var isDereferencing: Bool { !url.path.isEmpty || url.fragment != nil || service != nil }
}

/// The options that this resolver knows.
package enum ResolverOptions {
    package static let versionID = "versionId"
    package static let versionTime = "versionTime"
    package static let service = "service"
    package static let relativeRef = "relativeRef"
    package static let proof = "proof"
    package static let minimumHeight = "minimumHeight"
    /// Defined by DID Resolution and not done here: parts of hashed or other representations of a document.
    static let unsupported = ["hl", "serviceType", "transformKeys", "expandRelativeUrls"]

    /// Reads `minimumHeight`; nil when it was not given.
    package static func minimumHeight(_ request: ResolverRequest) throws(ResolutionProblem) -> Height? {
        let given =
            request.options.first { JSON.same($0.name, minimumHeight) }?.value
            ?? (try? DIDURL(request.target))?[minimumHeight]
        guard let given else { return nil }
        guard let value = whole(given) else {
            throw ResolutionProblem(.invalidOptions, "minimumHeight is a whole number.")
        }
        return Height(value)
    }

    static func whole(_ text: String) -> UInt64? {
        guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt64(text)
    }
}

extension ResolverOrder {
    init(_ request: ResolverRequest, _ form: Representation) throws(ResolutionProblem) {
        do throws(DIDURL.Mistake) {
            url = try DIDURL(request.target)
        } catch {
            switch error {
            case .did: throw ResolutionProblem(.invalidDID, "A DID has the form did:<method>:<id>.")
            case .url:
                throw ResolutionProblem(.invalidDIDURL, "A DID URL is a DID with a path, a query or a fragment.")
            }
        }
        guard JSON.same(url.method, DID.method) else {
            throw ResolutionProblem(
                .methodNotSupported, "This resolver resolves did:\(DID.method), not did:\(url.method.prefix(32)).")
        }
        guard let did = DID(url.did) else {
            throw ResolutionProblem(
                .invalidDID, "A DID of this method is did:\(DID.method):<network>:<base58 of a SHA-256 multihash>.")
        }
        self.did = did
        self.form = form
        let members = url.query + request.options
        func option(_ name: String) throws(ResolutionProblem) -> String? {
            let values = members.filter { JSON.same($0.name, name) }.map(\.value)
            guard values.count <= 1 else {
                throw ResolutionProblem(.invalidOptions, "\(name) is given twice.")
            }
            return values.first
        }
        for name in ResolverOptions.unsupported where try option(name) != nil {
            throw ResolutionProblem(.featureNotSupported, "This resolver does not know \(name).")
        }
        _ = try ResolverOptions.minimumHeight(request)
        switch try option(ResolverOptions.proof) {
        case nil, "1"?, "true"?: withProof = true
        case "0"?, "false"?: withProof = false
        default: throw ResolutionProblem(.invalidOptions, "proof is 0 or 1.")
        }
        service = try option(ResolverOptions.service)
        relativeRef = try option(ResolverOptions.relativeRef)
        if relativeRef != nil, service == nil {
            throw ResolutionProblem(.invalidDIDURL, "relativeRef needs service.")
        }
        selection = try ResolverOrder.selection(
            id: try option(ResolverOptions.versionID), time: try option(ResolverOptions.versionTime))
    }

    private static func selection(id: String?, time: String?) throws(ResolutionProblem) -> VersionSelection {
        if id != nil, time != nil {
            throw ResolutionProblem(.invalidOptions, "Give versionId or versionTime, not both.")
        }
        if let id {
            guard let number = ResolverOptions.whole(id) else {
                throw ResolutionProblem(.invalidOptions, "versionId is a whole number from 1.")
            }
            return .number(UInt32(exactly: number) ?? .max)
        }
        if let time {
            guard let moment = DateTime.end(of: time) else {
                throw ResolutionProblem(.invalidOptions, "versionTime is a time like 2026-01-31T12:00:00Z.")
            }
            return .time(moment)
        }
        return .latest
    }
}
