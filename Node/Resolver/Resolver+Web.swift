internal import Encodings
internal import Identity
internal import Primitives

extension Resolver {
    /// The document of a DID under this node's own did:web name, for wallets that know no other method: the same keys,
    /// with `id` and everything relative to it under `did:web:<host>:did:<network>:<id>`. Nil for a host that is none.
    package func webDocument(host: String, network name: String, id: String) async throws -> ResolverAnswer {
        guard let web = Resolver.webName(host: host), let did = DID("\(DID.prefix(name))\(id)") else {
            return try await refuse(
                ResolutionProblem(
                    .invalidDID, "A DID of this method has a network and the multihash of its first document."),
                .json, proofFrom: nil)
        }
        do {
            let object = try await lookup.object(did.description)
            guard !object.content.isEmpty else {
                return ResolverAnswer(status: 410, mediaType: nil).with("Cache-Control", "no-store")
            }
            let subject = "\(web):did:\(name):\(id)"
            return found(object, .json, Resolver.renamed(object.content, from: did.description, to: subject))
                .with("Vary", "Host")
        } catch let problem as ResolutionProblem {
            return try await refuse(problem, .json, proofFrom: nil)
        }
    }

    /// The node's own: its operator's DID, if it has told one.
    package func ownWebDocument(host: String, did text: String?) async throws -> ResolverAnswer {
        guard let text, let did = DID(text), let web = Resolver.webName(host: host) else {
            return try await refuse(
                ResolutionProblem(.notFound, "The operator of this node has set no DID of its own."), .json,
                proofFrom: nil)
        }
        do {
            let object = try await lookup.object(did.description)
            guard !object.content.isEmpty else {
                return ResolverAnswer(status: 410, mediaType: nil).with("Cache-Control", "no-store")
            }
            return found(object, .json, Resolver.renamed(object.content, from: did.description, to: web))
                .with("Vary", "Host")
        } catch let problem as ResolutionProblem {
            return try await refuse(problem, .json, proofFrom: nil)
        }
    }

    /// `did:web:<host>`, a port as `%3A<port>`.
    static func webName(host: String) -> String? {
        let parts = host.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 2, host.utf8.count <= 253,
            name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 })
        else { return nil }
        guard parts.count == 2 else { return "did:web:\(name)" }
        guard (1...5).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return "did:web:\(name)%3A\(parts[1])"
    }

    /// The document under another name, which it gives its own in `alsoKnownAs`.
    static func renamed(_ document: [UInt8], from did: String, to subject: String) -> [UInt8] {
        let text = String(decoding: document, as: UTF8.self).replacing(did, with: subject)
        guard let json = try? JSON(parsing: Array(text.utf8)), var members = json.members else { return document }
        let aliases = (json["alsoKnownAs"]?.elements ?? []) + [.string(did)]
        members.removeAll { JSON.same($0.name, "alsoKnownAs") }
        members.append(JSON.Member("alsoKnownAs", .array(aliases)))
        return JSON.object(members).canonical() ?? document
    }
}
