internal import Encodings
internal import Identity
package import Primitives

/// What a client asks: a DID or DID URL, options, and the form of the answer.
package struct ResolverRequest: Hashable, Sendable {
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

    /// What a cache pays for keeping it, beside its fixed size.
    var byteCount: Int {
        options.reduce(target.utf8.count + (accept?.utf8.count ?? 0)) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }
}

/// A request as it was understood, or why not. The same request always gives the same.
package struct PreparedRequest: Sendable {
    let request: ResolverRequest
    let form: Representation
    let order: Result<ResolverOrder, ResolutionProblem>

    init(_ request: ResolverRequest) {
        self.request = request
        guard let form = Representation.choose(accept: request.accept) else {
            self.form = .result
            order = .failure(
                ResolutionProblem(
                    .representationNotSupported,
                    "The answer comes as application/did-resolution, application/did, application/json or application/did-url-dereferencing."
                ))
            return
        }
        self.form = form
        do throws(ResolutionProblem) {
            order = .success(try ResolverOrder(request, form))
        } catch {
            order = .failure(error)
        }
    }

    /// What the node must have reached before it answers.
    package var minimumHeight: Height? {
        if case .success(let order) = order { order.minimumHeight } else { nil }
    }
}

/// A request whose parts were understood.
struct ResolverOrder {
    let url: DIDURL
    let name: RegistryName
    let form: Representation
    let selection: VersionSelection
    /// The epoch from which the proof leads to its state; nil: without one.
    let proofFrom: Epoch?
    let service: String?
    let relativeRef: String?
    let minimumHeight: Height?

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
    package static let fromEpoch = "fromEpoch"
    /// Defined by DID Resolution and not done here: parts of hashed or other representations of a document.
    static let unsupported = ["hl", "serviceType", "transformKeys", "expandRelativeUrls"]

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
        guard ResolverOrder.isOwn(url.did) else {
            throw ResolutionProblem(
                .invalidDID, "A DID of this method is did:\(DID.method):<network>:<base58 of a SHA-256 multihash>.")
        }
        // A DID has one form, so that its text names it.
        name = RegistryName(url.path.isEmpty ? url.did : url.did + url.path)
        self.form = form
        let members = url.query.isEmpty ? request.options : url.query + request.options
        func option(_ name: String) throws(ResolutionProblem) -> String? {
            var value: String?
            for member in members where JSON.same(member.name, name) {
                guard value == nil else { throw ResolutionProblem(.invalidOptions, "\(name) is given twice.") }
                value = member.value
            }
            return value
        }
        for name in ResolverOptions.unsupported where try option(name) != nil {
            throw ResolutionProblem(.featureNotSupported, "This resolver does not know \(name).")
        }
        func wholeOption(_ name: String) throws(ResolutionProblem) -> UInt64? {
            guard let text = try option(name) else { return nil }
            guard let value = ResolverOptions.whole(text) else {
                throw ResolutionProblem(.invalidOptions, "\(name) is a whole number.")
            }
            return value
        }
        minimumHeight = try wholeOption(ResolverOptions.minimumHeight).map(Height.init)
        let trusted = Epoch(try wholeOption(ResolverOptions.fromEpoch) ?? 0)
        switch try option(ResolverOptions.proof) {
        case nil, "1"?, "true"?: proofFrom = trusted
        case "0"?, "false"?: proofFrom = nil
        default: throw ResolutionProblem(.invalidOptions, "proof is 0 or 1.")
        }
        service = try option(ResolverOptions.service)
        // Means something beside a service only.
        relativeRef = try option(ResolverOptions.relativeRef)
        selection = try ResolverOrder.selection(
            id: try option(ResolverOptions.versionID), time: try option(ResolverOptions.versionTime))
    }

    /// Whether `DID` would read the text; what stands before the second colon is known to be right.
    private static func isOwn(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { units in
            guard units.count <= DID.byteCountMax else { return false }
            let rest = units.dropFirst("did:\(DID.method):".utf8.count)
            guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { return false }
            let network = rest[..<colon]
            return (1...32).contains(network.count)
                && network.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
                && Multihash.isText(rest[(colon + 1)...])
        }
    }

    private static func selection(id: String?, time: String?) throws(ResolutionProblem) -> VersionSelection {
        var number: UInt32?
        if let id {
            guard let whole = ResolverOptions.whole(id) else {
                throw ResolutionProblem(.invalidOptions, "versionId is a whole number from 1.")
            }
            number = UInt32(exactly: whole) ?? .max
        }
        guard let time else { return number.map { .number($0) } ?? .latest }
        guard let moment = DateTime.end(of: time) else {
            throw ResolutionProblem(.invalidOptions, "versionTime is a time like 2026-01-31T12:00:00Z.")
        }
        return number.map { .numberAt($0, moment) } ?? .time(moment)
    }
}
