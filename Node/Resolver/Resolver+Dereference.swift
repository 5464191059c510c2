internal import Encodings
internal import Identity
internal import Primitives

extension Resolver {
    /// What the order names in the object; empty for a document that has ended.
    func part(_ order: ResolverOrder, _ object: ResolvedObject) throws -> [UInt8] {
        if !order.url.path.isEmpty { return try content(of: object, order) }
        guard !object.content.isEmpty, let fragment = order.url.fragment else { return object.content }
        let id = "\(order.url.did)#\(fragment)"
        guard let part = Resolver.part(id, of: object.content) else {
            throw ResolutionProblem(.notFound, "The document has no \(id.prefix(256)).", evidence: object.evidence)
        }
        return part
    }

    /// An object of an issuer by the path of its DID URL.
    private func content(of object: ResolvedObject, _ order: ResolverOrder) throws -> [UInt8] {
        guard order.url.fragment == nil, order.service == nil else {
            throw ResolutionProblem(.invalidDIDURL, "A path here takes neither service nor fragment.")
        }
        if case .document = order.form {
            throw ResolutionProblem(
                .representationNotSupported,
                "This is no DID document: ask for application/json or application/did-url-dereferencing.")
        }
        return object.content
    }

    /// Canonical text of the verification method or service with this id.
    package static func part(_ id: String, of document: [UInt8]) -> [UInt8]? {
        guard let json = try? JSON(parsing: document) else { return nil }
        for list in ["verificationMethod", "service"] {
            let found = json[list]?.elements?.first { $0["id"]?.isText(id) ?? false }
            if let found { return found.canonical() }
        }
        return nil
    }

    // MARK: Services

    /// 303 to the endpoint of the service that the order names; its body is empty (DID Resolution, HTTP binding). Nil when
    /// it names none, or the document has ended.
    func redirection(_ order: ResolverOrder, _ object: ResolvedObject) throws -> ResolverAnswer? {
        guard let name = order.service, order.url.path.isEmpty, !object.content.isEmpty else { return nil }
        let id = "\(order.url.did)#\(name)"
        guard let json = try? JSON(parsing: object.content),
            let service = json["service"]?.elements?.first(where: { $0["id"]?.isText(id) ?? false }),
            let endpoint = service["serviceEndpoint"]?.text ?? service["serviceEndpoint"]?["uri"]?.text
        else {
            throw ResolutionProblem(
                .notFound, "The document has no service \(name.prefix(64)).", evidence: object.evidence)
        }
        var place = endpoint
        if let reference = order.relativeRef {
            guard let joined = Resolver.join(endpoint, reference) else {
                throw ResolutionProblem(.invalidDIDURL, "relativeRef is a path, query or fragment below the endpoint.")
            }
            place = joined
        }
        if let fragment = order.url.fragment { place += "#\(fragment)" }
        return ResolverAnswer(status: 303, mediaType: nil).with("Location", place).with("Cache-Control", "no-store")
    }

    /// The reference resolved against the endpoint (RFC 3986 section 5.2); nil for one that would lead to another host.
    static func join(_ endpoint: String, _ reference: String) -> String? {
        let allowed = reference.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"\"<>\\^`{|}".utf8.contains($0) }
        guard allowed, reference.utf8.count <= 1_024, !reference.hasPrefix("//"), endpoint.hasPrefix("https://") else {
            return nil
        }
        let rest = endpoint.dropFirst("https://".count)
        let host = String(rest.prefix { $0 != "/" })
        let base = String(rest.dropFirst(host.count))
        guard let mark = reference.firstIndex(where: { "/?#:".contains($0) }), reference[mark] == ":" else {
            return "https://" + host + merge(base, reference)
        }
        // A colon before any slash would be a scheme.
        return nil
    }

    private static func merge(_ base: String, _ reference: String) -> String {
        if reference.isEmpty || reference.hasPrefix("?") || reference.hasPrefix("#") {
            return (base.isEmpty ? "/" : base) + reference
        }
        let path = String(reference.prefix { $0 != "?" && $0 != "#" })
        let tail = reference.dropFirst(path.count)
        let folder = base.lastIndex(of: "/").map { String(base[...$0]) } ?? "/"
        return withoutDots(path.hasPrefix("/") ? path : folder + path) + tail
    }

    /// RFC 3986 section 5.2.4.
    private static func withoutDots(_ path: String) -> String {
        var out: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { out.append("") }
            case "..":
                _ = out.popLast()
                if isLast { out.append("") }
            default: out.append(segment)
            }
        }
        return "/" + out.joined(separator: "/")
    }
}
