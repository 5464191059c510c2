package import DataLake
internal import DataSets
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
package import RPC
package import ReadModels

/// Data sets under contract: providers hand parts in, readers get links to what the chain allows them, and follow them.
package struct DataRoutes: RouteModule {
    private let service: DataService
    private let models: ReadModelStore
    private let links = DownloadLinks()
    /// Where parts are parsed, read and hashed, some dozens of megabytes at a time; nil for Swift's own pool, whose threads
    /// all answers share.
    private let background: (any TaskExecutor)?

    package let tag = "Data sets"
    package let tagDescription =
        "Parts of data sets, handed in by their providers and read under agreements on the chain. Requests are BCS, signed; docs/formats/data-set.md has the formats and what a reader can check."

    static let notPermitted = Problem.Kind("not-permitted", 403, "The request is not permitted")
    private static let gone = Problem.Kind("gone", 410, "It was deleted")

    package init(service: DataService, models: ReadModelStore, background: (any TaskExecutor)? = nil) {
        self.service = service
        self.models = models
        self.background = background
    }

    private func aside<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withTaskExecutorPreference(background) { try await body() }
    }

    package var endpoints: [Endpoint] { [upload, results, partList, link, download, putDocument, document] }

    // MARK: writing

    private static let stored = JSONCoder<StoredPart>.object(
        "StoredPart", "A part as this node stored it: what its provider anchors.",
        field("digest", \.digest, .digest, "Content address."), field("root", \.root, .digest, "Merkle root."),
        field("count", \.count, .small, "Leaves: the header and the chunks."),
        field("from", \.from, .counter), field("to", \.to, .counter),
        field("rows", \.rows, .number()), field("bytes", \.bytes, .number()),
        make: StoredPart.init)

    private var upload: Endpoint {
        upload(
            "/v1/data/parts", "uploadPart", "Hand in a part of a data set",
            "BCS of description, bytes, key and signature; the key is one of the partner's. The content is checked row by row and stored durably; it is served once its anchor is on the chain, and goes after an hour without one. Compressed bodies are not unpacked."
        ) { _ in }
    }

    private var results: Endpoint {
        upload(
            "/v1/data/results", "uploadResult", "Write a result back",
            "As a part, in the zone of results, naming the anchored parts that it was computed from."
        ) { upload in
            guard upload.description.zone == .results, !upload.description.inputs.isEmpty else {
                throw Problem(
                    .refused, "A result is in the zone 'results' and names the parts that it was computed from.")
            }
        }
    }

    /// Price of an upload, as if it had the largest part; a download pays it by the bytes that it reads.
    private static let uploadTokens: UInt32 = 20

    private func upload(
        _ path: String, _ name: String, _ summary: String, _ details: String,
        check: @escaping @Sendable (PartUpload) throws -> Void
    ) -> Endpoint {
        var endpoint = Endpoint(
            .post, path, operation: name, summary: summary, details: details,
            body: Endpoint.Body([.bytes("A signed part.")], bytesMax: PartUpload.byteCountMax),
            answers: [Endpoint.Answer(200, "Stored, durably.", [.json(DataRoutes.stored.schema)])],
            problems: [.undecodable, .refused, DataRoutes.notPermitted, DataRoutes.gone]
        ) { request in
            guard request.header("Content-Encoding") == nil else {
                throw Problem(.refused, "The body is not unpacked here: send it without Content-Encoding.")
            }
            let stored: StoredPart = try await aside {
                let upload: PartUpload = try DataRoutes.decode(request.body)
                try check(upload)
                return try DataRoutes.explained { StoredPart(try service.accept(upload)) }
            }
            return APIAnswer.json(stored, DataRoutes.stored).uncached
        }
        endpoint.cost = DataRoutes.uploadTokens
        return endpoint
    }

    // MARK: reading

    private static let dataSet = ParameterKey<Digest>("id", .path, .digest, "Identifier of the data set.")
    private static let first = ParameterKey<UInt64>(
        "from", .query, .number(0...PartList.partsMax), "Number of the first part that is proved; 0 when left out.")

    private var partList: Endpoint {
        Endpoint(
            .get, "/v1/data/sets/{id}/parts", operation: "proveParts", summary: "Prove the list of a data set's parts",
            details:
                "The chain numbers a data set's parts without gaps and counts them. The bundle proves the description, the "
                + "count, and up to \(PartList.pageMax) numbers with their parts, all as of one block: whoever reads all numbers has "
                + "the whole list.",
            parameters: [DataRoutes.dataSet.declaration, DataRoutes.first.declaration],
            answers: [Endpoint.Answer(200, "The proof.", [.bytes("BCS of the proof bundle.")])], problems: [.notFound]
        ) { request in
            let id = try request.value(DataRoutes.dataSet)
            let from = request[DataRoutes.first] ?? 0
            return try DataRoutes.explained { APIAnswer.bytes(try service.partList(of: id, from: from)).uncached }
        }
    }

    private static let link = JSONCoder<LinkAnswer>.object(
        "DownloadLink", "A link to data that the chain allows this account to read.",
        field("path", \.path, .text(max: 128), "To be followed with GET, on this node."),
        field("expires", \.expires, .counter, "Milliseconds since 1970."),
        field("bytes", \.bytes, .number(), "Of the chunks that hold what is wanted."),
        field("rows", \.rows, .number(), "In those chunks."), field("mediaType", \.mediaType, .text(max: 128)),
        make: LinkAnswer.init)

    private var link: Endpoint {
        Endpoint(
            .post, "/v1/data/links", operation: "requestData", summary: "Ask for data under an agreement",
            details: "BCS of a read request, signed within the last minute by a key that acts for the reading account. "
                + "The newest final state decides, when the link is made and whenever it is followed. The same request "
                + "has the same link.",
            body: Endpoint.Body([.bytes("A signed read request.")], bytesMax: ReadRequest.byteCountMax),
            answers: [Endpoint.Answer(200, "The link.", [.json(DataRoutes.link.schema)])],
            problems: [.undecodable, .refused, .notFound, DataRoutes.notPermitted, DataRoutes.gone]
        ) { request in
            let read: ReadRequest = try DataRoutes.decode(request.body)
            let grant = try DataRoutes.explained { try service.grant(read) }
            guard let (token, expires) = await links.make(read, now: .wallClock) else {
                throw Problem(
                    .tooManyRequests, "Too many links are open, of this account or in all. Follow some first."
                )
                .retrying(afterSeconds: 30)
            }
            let chunks = grant.manifest.chunks[grant.chunks]
            let answer = LinkAnswer(
                path: "/v1/data/downloads/\(token)", expires: expires,
                bytes: chunks.reduce(0) { $0 + UInt64($1.byteCount) }, rows: chunks.reduce(0) { $0 + UInt64($1.rows) },
                mediaType: read.form == .proved
                    ? DataRoutes.slice.mediaType : grant.manifest.header.content.mediaType)
            return APIAnswer.json(answer, DataRoutes.link).uncached
        }
    }

    private static let slice = Endpoint.Form(
        "application/vnd.commonwatt.slice",
        Schema(["type": "string", "format": "binary", "description": "commonwatt/slice/1: chunks with their proofs."]))
    private static let token = ParameterKey<Digest>("token", .path, .digest, "Of the link.")

    private var download: Endpoint {
        var endpoint = Endpoint(
            .get, "/v1/data/downloads/{token}", operation: "downloadData", summary: "Follow a link to data",
            details:
                "Every download is logged, with the signed request, and counts for billing; a link is followed at most \(ReadRequest.answersMax) times.",
            parameters: [DataRoutes.token.declaration],
            answers: [
                Endpoint.Answer(
                    200, "The data: a slice with proofs, or plain content in its own media type.",
                    [
                        DataRoutes.slice, Endpoint.Form("text/csv", Schema(["type": "string"])),
                        Endpoint.Form("application/x-ndjson", Schema(["type": "string"])), .bytes("Content of a file."),
                    ])
            ],
            problems: [.notFound, .refused, DataRoutes.notPermitted, DataRoutes.gone]
        ) { request in
            let token = try request.value(DataRoutes.token)
            let read: ReadRequest
            switch await links.follow(token, now: .wallClock) {
            case .request(let request): read = request
            case .unknown: throw Problem(.notFound, "There is no such link, or its time is over. Ask for a new one.")
            case .used:
                throw Problem(
                    .tooManyRequests,
                    "The link was followed \(ReadRequest.answersMax) times, as often as one signed request is answered. Sign a new request."
                )
            }
            let grant = try DataRoutes.explained { try service.recheck(read) }
            request.charge(
                Double(DataRoutes.uploadTokens) * Double(grant.readBytes) / Double(PartUpload.byteCountMax))
            let content = grant.manifest.header.content
            // Never in the media type that an owner chose: a browser must not run what a provider handed in.
            let plain = content.isTable ? content.mediaType : "application/octet-stream"
            var answer = APIAnswer(
                mediaType: read.form == .proved ? DataRoutes.slice.mediaType : plain,
                body: .stream { write in
                    try await aside { try await service.serve(grant) { try await write($0) } }
                }
            ).uncached
            if case .file(let name, _) = content, read.form == .plain {
                answer = answer.with("Content-Disposition", DataRoutes.disposition(name))
            }
            return answer
        }
        endpoint.negotiatesItself = true
        return endpoint
    }

    /// The name as RFC 6266 and RFC 8187 write it; only letters, digits and a few signs stay as they are.
    private static func disposition(_ name: String) -> String {
        let escaped = name.utf8.map { unit -> String in
            let isPlain =
                (48...57).contains(unit) || (65...90).contains(unit) || (97...122).contains(unit)
                || [45, 46, 95].contains(unit)
            return isPlain ? String(UnicodeScalar(unit)) : "%" + Hex.encode([unit]).uppercased()
        }
        return "attachment; filename*=UTF-8''" + escaped.joined()
    }

    // MARK: documents

    private static let digest = ParameterKey<Digest>("digest", .path, .digest, "SHA-256 of the document's bytes.")
    private static let kept = JSONCoder<Digest>.object(
        "KeptDocument", "A document that this node keeps.", field("digest", { $0 }, .digest)
    ) { $0 }

    private var putDocument: Endpoint {
        Endpoint(
            .post, "/v1/data/documents", operation: "putDocument",
            summary: "Hand in a text that a data set or offer names",
            details:
                "Bytes whose SHA-256 a description or an offer on the chain has as its text: anyone may bring them. "
                + "JSON with title, description and keywords is found by search.",
            body: Endpoint.Body([.bytes("The document as it is.")], bytesMax: PartStore.documentBytesMax),
            answers: [Endpoint.Answer(200, "Kept.", [.json(DataRoutes.kept.schema)])],
            problems: [.refused]
        ) { request in
            let digest = SHA256.hash(request.body)
            guard try models.names(document: digest) else {
                throw Problem(
                    .refused,
                    "No data set or offer on the chain, as far as this node has read it, names a text of SHA-256 \(digest)."
                )
            }
            try service.parts.keep(document: request.body, digest: digest)
            try models.learned(document: digest)
            return APIAnswer.json(digest, DataRoutes.kept).uncached
        }
    }

    private var document: Endpoint {
        Endpoint(
            .get, "/v1/data/documents/{digest}", operation: "getDocument",
            summary: "A text that the chain names by digest",
            parameters: [DataRoutes.digest.declaration],
            answers: [Endpoint.Answer(200, "Its bytes.", [.bytes("The document as it is.")]), .notModified],
            problems: [.notFound]
        ) { request in
            let digest = try request.value(DataRoutes.digest)
            guard let bytes = try service.parts.document(digest) else {
                throw Problem(.notFound, "This node has no document \(digest). Ask the provider's node.")
            }
            return APIAnswer.bytes(bytes).immutable(tag: digest.description)
        }
    }

    // MARK: errors

    static func decode<Value: BCSDecodable>(_ bytes: [UInt8]) throws(Problem) -> Value {
        do { return try Value(bcs: bytes) } catch {
            throw Problem(.undecodable, "The body is not what it should be: \(error).")
        }
    }

    /// A refusal of the lake as a problem: its reason goes along, and for a read the rule that it does not meet.
    private static func problem(_ refusal: LakeRefusal) -> Problem {
        func made(_ kind: Problem.Kind) -> Problem {
            Problem(kind, refusal.text, reason: refusal.rule.map { "\($0)" } ?? "\(refusal.reason)")
        }
        switch refusal.reason {
        case .notPermitted: return made(notPermitted)
        case .erased: return made(gone)
        case .notHeld: return made(.notFound)
        case .unavailable: return made(.unavailable).retrying(afterSeconds: 10)
        case .busy: return made(.tooManyRequests).retrying(afterSeconds: 60)
        case .damaged, .malformed, .unknown, .otherResult, .otherInputs: return made(.refused)
        }
    }

    /// Turns what the lake says into problems of the API.
    static func explained<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let refusal as LakeRefusal {
            throw problem(refusal)
        } catch let error as LakeError {
            switch error {
            case .partErased, .erased: throw Problem(gone, error.description)
            case .partNotHeld, .notHeld: throw Problem(.notFound, error.description)
            case .partCorrupted, .corrupted: throw Problem(.unavailable, error.description).retrying(afterSeconds: 60)
            case .malformed, .storage: throw error
            }
        }
    }
}

struct StoredPart: Sendable {
    let digest: Digest
    let root: Digest
    let count: UInt32
    let from: Timestamp
    let to: Timestamp
    let rows: UInt64
    let bytes: UInt64

    init(digest: Digest, root: Digest, count: UInt32, from: Timestamp, to: Timestamp, rows: UInt64, bytes: UInt64) {
        self.digest = digest
        self.root = root
        self.count = count
        self.from = from
        self.to = to
        self.rows = rows
        self.bytes = bytes
    }

    init(_ manifest: Manifest) {
        self.init(
            digest: manifest.digest, root: manifest.root, count: manifest.count, from: manifest.header.from,
            to: manifest.header.to, rows: manifest.header.rows, bytes: manifest.header.byteCount)
    }
}

struct LinkAnswer: Sendable {
    let path: String
    let expires: Timestamp
    let bytes: UInt64
    let rows: UInt64
    let mediaType: String
}
