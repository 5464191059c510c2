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
    private let asked = AskedBefore()
    private let answers = BoundedCache<ResolverRequest, KeptAnswer>(costMax: 64 * 1_024 * 1_024)
    private let writer: ResultWriter

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
        writer = ResultWriter(network: network)
    }

    package func answer(_ request: ResolverRequest) async throws -> ResolverAnswer {
        try await answer(prepare(request))
    }

    package func prepare(_ request: ResolverRequest) -> PreparedRequest { PreparedRequest(request) }

    package func answer(_ request: PreparedRequest) async throws -> ResolverAnswer {
        let order: ResolverOrder
        switch request.order {
        case .failure(let problem): return try await refuse(problem, request.form, proofFrom: nil)
        case .success(let made): order = made
        }
        do {
            return try await answer(order, request.request)
        } catch let problem as ResolutionProblem {
            do {
                return try await refuse(problem, order.form, proofFrom: order.proofFrom)
            } catch let failure as ResolutionProblem {
                // The proof of an absence could not be read.
                return try await refuse(failure, order.form, proofFrom: nil)
            }
        }
    }

    private func answer(_ order: ResolverOrder, _ request: ResolverRequest) async throws -> ResolverAnswer {
        let isAskedAgain = asked.note(request)
        for _ in 0..<Resolver.attemptsMax {
            let step = try await lookup.reading { state in try begin(order, request, isAskedAgain, state) }
            let draft: Draft
            switch step {
            case .answer(let answer): return answer
            case .draft(let made): draft = made
            }
            do {
                var shown: [UInt8]?
                if let epoch = order.proofFrom { shown = try await proof(of: draft.object, from: epoch) }
                let answer = finish(draft, shown)
                if isAskedAgain { keep(answer, draft.object, order.form, request) }
                return answer
            } catch is ObjectChanged {
                continue
            }
        }
        throw ResolutionProblem(.internalError, "The object changes faster than it is read. Ask again.")
    }

    /// What can be said from one state alone.
    private enum Step {
        case answer(ResolverAnswer)
        case draft(Draft)
    }

    /// All of a result but the proof.
    struct Draft: Sendable {
        let object: ResolvedObject
        /// The document, or the part of it that is asked for; empty for a document that has ended.
        let content: [UInt8]
        let form: Representation
        let isDereferencing: Bool
    }

    private func begin(
        _ order: ResolverOrder, _ request: ResolverRequest, _ isAskedAgain: Bool, _ state: any FinalState
    ) throws -> Step {
        let kept = isAskedAgain ? request : nil
        let head = try state.value(order.name.headKey)
        if let kept, let known = answers[kept], known.head == head, known.height ?? state.height == state.height {
            return .answer(known.answer)
        }
        if order.form == .result, !order.url.path.isEmpty || order.url.fragment != nil {
            throw ResolutionProblem(
                .representationNotSupported,
                "This names a resource, not a document: ask for application/did-url-dereferencing or application/json.")
        }
        let object = try lookup.object(order.name, order.selection, head, in: state, isAskedAgain: isAskedAgain)
        if order.isDereferencing || order.form == .dereferencing {
            if let redirection = try redirection(order, object) { return .answer(redirection) }
            let content = try part(order, object)
            if !order.form.isResult, !content.isEmpty { return .answer(bare(object, content, order, keeping: kept)) }
            return .draft(Draft(object: object, content: content, form: .dereferencing, isDereferencing: true))
        }
        if !order.form.isResult, !object.content.isEmpty {
            return .answer(bare(object, object.content, order, keeping: kept))
        }
        // There is no bare form of a document that is not there.
        let form: Representation = order.form.isResult ? order.form : .result
        return .draft(Draft(object: object, content: object.content, form: form, isDereferencing: false))
    }

    private func bare(
        _ object: ResolvedObject, _ content: [UInt8], _ order: ResolverOrder, keeping request: ResolverRequest?
    ) -> ResolverAnswer {
        let answer = found(object, order.form, content)
        if let request { keep(answer, object, order.form, request) }
        return answer
    }

    private func keep(
        _ answer: ResolverAnswer, _ object: ResolvedObject, _ form: Representation, _ request: ResolverRequest
    ) {
        // What is asked for once only would push out what is asked for often.
        guard answer.status == 200 else { return }
        let kept = KeptAnswer(head: object.head.bcs, height: form.isResult ? object.height : nil, answer: answer)
        answers.keep(kept, for: request, cost: answer.body.count + request.byteCount + 1_024)
    }

    /// Readings of an object that changes between reading and proving.
    static let attemptsMax = 4

    /// The object has another newest version in the state of the proof.
    private struct ObjectChanged: Error {}

    // MARK: Resolution

    private func finish(_ draft: Draft, _ proof: [UInt8]?) -> ResolverAnswer {
        let body = writer.result(draft, proof)
        guard draft.content.isEmpty else { return found(draft.object, draft.form, body) }
        return ResolverAnswer(status: 410, mediaType: draft.form.mediaType, body: body)
            .with("Cache-Control", "no-store")
    }

    /// JSON of the bundle. Its state may be newer than the one that was read; the object must be the same in both.
    private func proof(of object: ResolvedObject, from epoch: Epoch) async throws -> [UInt8] {
        let keys = object.evidence
        let bundle = try await lookup.reader.proof(keys, from: epoch)
        guard bundle.entries.first(where: { $0.key == keys[0] })?.value == object.head.bcs else {
            throw ObjectChanged()
        }
        return proofs.compact(bundle)
    }

    func found(_ object: ResolvedObject, _ form: Representation, _ body: [UInt8]) -> ResolverAnswer {
        let isFixed = object.head.latest == 1 && object.head.kind.isImmutable
        var answer = ResolverAnswer(status: 200, mediaType: form.mediaType, body: body)
        answer.headers = [
            (name: "Cache-Control", value: isFixed ? Resolver.immutableForAnHour : Resolver.keptBriefly),
            (name: "ETag", value: tag(object, form, body.count)),
        ]
        return answer
    }

    private static let immutableForAnHour = "public, max-age=\(immutableSecondsMax)"
    private static let keptBriefly = "public, max-age=\(documentSecondsMax)"

    /// What the answer was made of, as a digest of these few bytes and not of the body.
    private func tag(_ object: ResolvedObject, _ form: Representation, _ bodyBytes: Int) -> String {
        var encoder = BCSEncoder(reserving: 320)
        object.version.encode(to: &encoder)
        var tag = encoder.bytes
        tag.append(decimal: UInt64(object.head.latest))
        tag.append(object.head.isDeactivated ? "/true/" : "/false/")
        tag.append(contentsOf: form.mediaType.utf8)
        tag.append(UInt8(ascii: "/"))
        tag.append(contentsOf: object.url.utf8)
        // A proof is of one height; documents alone stay what they are.
        if form.isResult {
            tag.append(decimal: object.height.value)
            tag.append(UInt8(ascii: "/"))
            tag.append(decimal: UInt64(bodyBytes))
        }
        return "\"\(Hex.encode(SHA256.hash(tag).bytes.prefix(16)))\""
    }

    // MARK: Errors

    func refuse(
        _ problem: ResolutionProblem, _ form: Representation, proofFrom epoch: Epoch?
    ) async throws -> ResolverAnswer {
        var error = ObjectWriter()
        error.text("detail", problem.detail)
        error.number("status", problem.kind.status)
        error.text("title", problem.kind.title)
        error.text("type", problem.kind.type)
        var proof: [UInt8]?
        var freshness: [UInt8]?
        if let epoch, !problem.evidence.isEmpty {
            let bundle = try await lookup.reader.proof(problem.evidence, from: epoch)
            proof = proofs.compact(bundle)
            freshness = writer.freshness(bundle.header.height, bundle.header.time)
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
