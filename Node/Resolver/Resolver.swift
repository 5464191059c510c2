internal import Chain
internal import Encodings
internal import Identity
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
package import Primitives

/// Resolves DIDs and dereferences DID URLs of this method over a node's state (W3C DID Resolution). Pure but for its
/// reader: the same state gives the same answer.
package struct Resolver: Sendable {
    /// Seconds that an answer may be kept: short, so that a rotation is seen.
    package static let documentSecondsMax = 5
    /// For versions that cannot change.
    package static let immutableSecondsMax = 3_600

    /// Network id.
    let network: Digest
    let lookup: RegistryLookup
    private let proofs = ProofBundleText()
    private let requests = BoundedCache<ResolverRequest, PreparedRequest>(costMax: 8 * 1_024 * 1_024)
    private let answers = BoundedCache<ResolverRequest, KeptAnswer>(costMax: 64 * 1_024 * 1_024)

    /// An answer with what it rests on: it is given again while that stays.
    private struct KeptAnswer: Sendable {
        let head: [UInt8]?
        /// Nil for a bare document, which says nothing about a height.
        let height: Height?
        let answer: ResolverAnswer
    }

    package init(network: Digest, reader: any RegistryReader) {
        self.network = network
        lookup = RegistryLookup(reader: reader)
    }

    package func answer(_ request: ResolverRequest) async throws -> ResolverAnswer {
        try await answer(prepare(request))
    }

    package func prepare(_ request: ResolverRequest) -> PreparedRequest {
        if let known = requests[request] { return known }
        var made = PreparedRequest(request)
        let answered = made
        made.isAskedAgain = true
        requests.keep(made, for: request, cost: 2 * request.byteCount + 512)
        return answered
    }

    package func answer(_ request: PreparedRequest) async throws -> ResolverAnswer {
        let order: ResolverOrder
        switch request.order {
        case .failure(let problem): return try await refuse(problem, request.form, withProof: false)
        case .success(let made): order = made
        }
        do {
            for _ in 0..<Resolver.attemptsMax {
                let read = try await lookup.reader.values([request.headKey])
                let head = read.values.first ?? nil
                if let kept = answers[request.request], kept.head == head, kept.height ?? read.height == read.height {
                    return kept.answer
                }
                do {
                    let answer = try await answer(order, request, read)
                    keep(answer, head, read.height, request)
                    return answer
                } catch is ObjectChanged {
                    continue
                }
            }
            throw ResolutionProblem(.internalError, "The object changes faster than it is read. Ask again.")
        } catch let problem as ResolutionProblem {
            do {
                return try await refuse(problem, order.form, withProof: order.withProof)
            } catch let failure as ResolutionProblem {
                // The proof of an absence could not be read.
                return try await refuse(failure, order.form, withProof: false)
            }
        }
    }

    private func answer(
        _ order: ResolverOrder, _ request: PreparedRequest, _ read: StateValues
    ) async throws -> ResolverAnswer {
        if order.form == .result, !order.url.path.isEmpty || order.url.fragment != nil {
            throw ResolutionProblem(
                .representationNotSupported,
                "This names a resource, not a document: ask for application/did-url-dereferencing or application/json.")
        }
        let object = try await lookup.object(request.url, order.selection, request.headKey, read)
        return order.isDereferencing || order.form == .dereferencing
            ? try await dereference(order, object) : try await resolve(order, object)
    }

    private func keep(_ answer: ResolverAnswer, _ head: [UInt8]?, _ height: Height, _ request: PreparedRequest) {
        // What is asked for once only would push out what is asked for often.
        guard answer.status == 200, request.isAskedAgain else { return }
        let kept = KeptAnswer(head: head, height: request.form.isResult ? height : nil, answer: answer)
        answers.keep(kept, for: request.request, cost: answer.body.count + request.request.byteCount + 1_024)
    }

    /// Readings of an object that changes between reading and proving.
    static let attemptsMax = 4

    /// The object has another newest version in the state of the proof.
    private struct ObjectChanged: Error {}

    // MARK: Resolution

    private func resolve(_ order: ResolverOrder, _ object: ResolvedObject) async throws -> ResolverAnswer {
        if object.content.isEmpty {
            let result = try await result(object, "didDocument", Array("null".utf8), order)
            // There is no bare form of a document that is not there.
            let form: Representation = order.form.isResult ? order.form : .result
            return ResolverAnswer(status: 410, mediaType: form.mediaType, body: result).with(
                "Cache-Control", "no-store")
        }
        guard order.form.isResult else { return found(object, order.form, object.content) }
        return found(object, order.form, try await result(object, "didDocument", object.content, order))
    }

    private func result(
        _ object: ResolvedObject, _ member: String, _ document: [UInt8], _ order: ResolverOrder
    ) async throws -> [UInt8] {
        var writer = ObjectWriter(reserving: document.count + 1_024)
        writer.raw(member, document)
        let metadata = try await metadata(object, withProof: order.withProof)
        writer.raw("didDocumentMetadata", metadata)
        writer.raw("didResolutionMetadata", resolutionMetadata("application/did", object.height, object.time))
        return writer.finished()
    }

    func resolutionMetadata(_ contentType: String, _ height: Height, _ time: Timestamp) -> [UInt8] {
        var writer = ObjectWriter()
        writer.text("contentType", contentType)
        writer.raw("freshness", freshness(height, time))
        return writer.finished()
    }

    /// Which final state the answer is of; the proof's header proves it.
    private func freshness(_ height: Height, _ time: Timestamp) -> [UInt8] {
        var writer = ObjectWriter()
        writer.number("height", height.value)
        writer.text("network", network.description)
        writer.text("time", DateTime.text(time))
        return writer.finished()
    }

    /// `created`, `updated`, `versionId`, `nextUpdate`, `nextVersionId`, `deactivated` as DID Core has them, and `proof`.
    func metadata(_ object: ResolvedObject, withProof: Bool) async throws -> [UInt8] {
        var writer = ObjectWriter()
        writer.text("created", DateTime.text(object.first.time))
        if object.head.isDeactivated { writer.bool("deactivated", true) }
        if let next = object.next {
            writer.text("nextUpdate", DateTime.text(next.time))
            writer.text("nextVersionId", String(object.number + 1))
        }
        if object.number > 1 { writer.text("updated", DateTime.text(object.version.time)) }
        writer.text("versionId", String(object.number))
        if withProof { writer.raw("proof", try await proof(of: object)) }
        return writer.finished()
    }

    /// JSON of the bundle. Its state may be newer than the one that was read; the object must be the same in both.
    private func proof(of object: ResolvedObject) async throws -> [UInt8] {
        let keys = object.evidence
        let bundle = try await lookup.reader.proof(keys)
        guard bundle.entries.first(where: { $0.key == keys[0] })?.value == object.head.bcs else {
            throw ObjectChanged()
        }
        return proofs.compact(bundle)
    }

    func found(_ object: ResolvedObject, _ form: Representation, _ body: [UInt8]) -> ResolverAnswer {
        let isFixed = object.head.latest == 1 && object.head.kind.isImmutable
        let seconds = isFixed ? Resolver.immutableSecondsMax : Resolver.documentSecondsMax
        var tag = object.version.bcs
        tag += Array("\(object.head.latest)/\(object.head.isDeactivated)/\(form.mediaType)/\(object.url)".utf8)
        // A proof is of one height; documents alone stay what they are.
        if form.isResult { tag += Array("\(object.height)/\(body.count)".utf8) }
        return ResolverAnswer(status: 200, mediaType: form.mediaType, body: body)
            .with("Cache-Control", "public, max-age=\(seconds)")
            .with("ETag", "\"\(SHA256.hash(tag).description.prefix(32))\"")
    }

    // MARK: Errors

    func refuse(
        _ problem: ResolutionProblem, _ form: Representation, withProof: Bool
    ) async throws -> ResolverAnswer {
        var error = ObjectWriter()
        error.text("detail", problem.detail)
        error.number("status", problem.kind.status)
        error.text("title", problem.kind.title)
        error.text("type", problem.kind.type)
        var proof: [UInt8]?
        var freshness: [UInt8]?
        if withProof, !problem.evidence.isEmpty {
            let bundle = try await lookup.reader.proof(problem.evidence)
            proof = proofs.compact(bundle)
            freshness = self.freshness(bundle.header.height, bundle.header.time)
        }
        guard form.isResult else {
            if let proof { error.raw("proof", proof) }
            return ResolverAnswer(
                status: problem.kind.status, mediaType: "application/problem+json", body: error.finished()
            ).with("Cache-Control", "no-store")
        }
        var metadata = ObjectWriter()
        metadata.text("contentType", form.mediaType)
        metadata.raw("error", error.finished())
        if let freshness { metadata.raw("freshness", freshness) }
        if let proof { metadata.raw("proof", proof) }
        var writer = ObjectWriter()
        let isDereferencing = form == .dereferencing
        writer.raw(isDereferencing ? "content" : "didDocument", Array("null".utf8))
        if isDereferencing { writer.raw("contentStream", Array("null".utf8)) }
        writer.raw(isDereferencing ? "contentMetadata" : "didDocumentMetadata", Array("{}".utf8))
        writer.raw(isDereferencing ? "dereferencingMetadata" : "didResolutionMetadata", metadata.finished())
        return ResolverAnswer(status: problem.kind.status, mediaType: form.mediaType, body: writer.finished())
            .with("Cache-Control", "no-store")
    }
}

extension ObjectKind {
    /// Kinds with one version.
    var isImmutable: Bool {
        switch self {
        case .schema, .credentialDefinition, .revocationRegistry, .credentialSchema: true
        case .document, .revocationList, .statusList: false
        }
    }
}
