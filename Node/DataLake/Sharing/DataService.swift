internal import Agreements
internal import Anchors
package import Chain
internal import ContractKit
package import DataSets
package import LedgerCrypto
package import Primitives

/// Data sets of the lake under contract: takes parts from their providers, serves them to whom the chain allows it, and
/// logs what it served.
package struct DataService: Sendable {
    /// The newest final state, and a way to prove its keys: the BCS of a bundle at the very same block.
    package typealias Point = @Sendable () throws -> (chain: ChainView, prove: @Sendable ([[UInt8]]) throws -> [UInt8])
    /// Whether a key may read data in the name of an account now.
    package typealias ReaderKeys = @Sendable (_ account: Digest, _ key: PublicKey) throws -> Bool
    /// Identifiers of data sets whose parts a partner anchors under a name; candidates, which the chain is asked about.
    package typealias DataSetsOf = @Sendable (_ partner: String, _ anchor: String) throws -> [Digest]

    /// This node's partner.
    package let partner: String
    package let parts: PartStore
    package let accesses: AccessLogStore
    let point: Point
    let readerKeys: ReaderKeys
    let dataSetsOf: DataSetsOf
    let now: @Sendable () -> Timestamp
    package let room: StorageRoom
    package let refused = RoomCounter()

    package init(
        partner: String, parts: PartStore, accesses: AccessLogStore, point: @escaping Point,
        readerKeys: @escaping ReaderKeys, dataSetsOf: @escaping DataSetsOf, room: StorageRoom = StorageRoom(),
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.partner = partner
        self.parts = parts
        self.accesses = accesses
        self.point = point
        self.readerKeys = readerKeys
        self.dataSetsOf = dataSetsOf
        self.room = room
        self.now = now
    }

    func chain() throws -> ChainView { try point().chain }

    func requireFresh(_ chain: ChainView) throws { try chain.requireFresh(now(), at: partner) }

    /// The manifest of a part that the chain names as of the owner for whom it lies here. Whoever reads a digest on its way
    /// to the chain can anchor it as its own first; that gives it no content.
    func manifest(_ part: Digest, anchoredBy owner: String) throws -> Manifest {
        guard let entry = try parts.entry(part) else { throw LakeError.partNotHeld(part) }
        guard entry.owner == owner else {
            throw LakeRefusal(.notPermitted, "part \(part.short) was anchored by another partner than handed it in")
        }
        return try parts.manifest(part)
    }

    // MARK: taking

    /// Takes a part from its provider, durably; the manifest says what to anchor. What is not anchored within an hour goes
    /// again (`Retention`).
    package func accept(_ upload: PartUpload) throws -> Manifest {
        let chain = try chain()
        let about = upload.description
        if let problem = DataNames.problem(dataSet: about.dataSet) { throw LakeRefusal(.malformed, problem) }
        guard try chain.isSigningKey(upload.key, of: about.partner) else {
            throw LakeRefusal(.notPermitted, "the key is no valid signing key of \(about.partner)")
        }
        let digest = PartUpload.signingDigest(about, SHA256.hash(upload.bytes), network: chain.network)
        guard SignatureVerifier.verify(upload.signature, by: upload.key, over: digest) else {
            throw LakeRefusal(.notPermitted, "the signature does not fit the part")
        }
        guard let dataSet = try chain.dataSet(about.partner, about.dataSet) else {
            throw LakeRefusal(
                .unknown, "\(about.partner) has no data set '\(about.dataSet)' on the chain; register it first")
        }
        guard dataSet.schema == Manifest.schema else {
            throw LakeRefusal(.malformed, "data set '\(about.dataSet)' has batches of the schema \(dataSet.schema)")
        }
        try requireStorage(about.partner, about.dataSet, chain, by: partner)
        try requireCopies(of: about.partner)
        for input in about.inputs where try chain.anchor(input) == nil {
            throw LakeRefusal(.unknown, "the input \(input.short) is not anchored")
        }
        let manifest: Manifest
        do throws(PartProblem) {
            manifest = try PartBuilder.manifest(
                of: upload.bytes, about.source, zone: about.zone, salt: about.salt, inputs: about.inputs,
                energy: about.energy)
        } catch {
            throw LakeRefusal(.malformed, error.description)
        }
        if try parts.entry(manifest.digest)?.status != .held {
            try requireRoom(manifest.header.byteCount, of: about.partner, isAnchored: false, chain)
        }
        let content = Array(upload.bytes.dropFirst(manifest.header.content.head.count))
        try parts.store(
            manifest, content: content, owner: about.partner, dataSet: about.dataSet, keepUntil: about.keepUntil,
            now: now())
        return manifest
    }

    /// The marketplace's data sets behind a partner's anchored name, as the chain has them.
    func described(_ owner: String, _ dataSet: String, _ chain: ChainView) throws -> [SharedDataSet] {
        try dataSetsOf(owner, dataSet).compactMap { id in
            try chain.read(Agreements.dataSets, id, of: WellKnown.agreements)
        }.filter { $0.location.partner == owner && $0.location.anchor == dataSet }
    }

    /// Throws unless a partner's node may store parts of a data set: by every description of it, or as its own partner
    /// while there is none; never while the partner is suspended.
    func requireStorage(_ owner: String, _ dataSet: String, _ chain: ChainView, by holder: String) throws {
        if try chain.isSuspended(holder) { throw LakeRefusal(.notPermitted, "\(holder) is suspended") }
        let described = try described(owner, dataSet, chain)
        if described.isEmpty, holder != owner {
            throw LakeRefusal(.notPermitted, "\(holder) is not named to store '\(dataSet)' of \(owner)")
        }
        let country = try chain.read(Directory.countries, holder, of: WellKnown.governance)
        for each in described {
            let refusal = AccessRule.storageRefusal(each.location, each.description, partner: holder, country: country)
            guard let refusal else { continue }
            throw LakeRefusal(.notPermitted, "\(holder) may not store '\(dataSet)' of \(owner): \(refusal.text)")
        }
    }

    // MARK: serving

    /// What a request gives: everything checked, nothing delivered or logged yet.
    package struct Grant: Sendable {
        package let request: ReadRequest
        package let manifest: Manifest
        package let chunks: Range<Int>
        /// BCS of the proof bundle over the records that decided.
        package let proof: [UInt8]
        /// Time of the block whose state allows it.
        package let time: Timestamp
    }

    /// Checks a signed request against the newest final state.
    package func grant(_ request: ReadRequest) throws -> Grant {
        let chain = try chain()
        if let problem = request.problem(network: chain.network, now: now()) {
            throw LakeRefusal(.notPermitted, "The request is not taken: \(problem).")
        }
        return try recheck(request)
    }

    /// The same for a request whose time and signature were judged before: a link that is followed.
    package func recheck(_ request: ReadRequest) throws -> Grant {
        let (chain, prove) = try point()
        try requireFresh(chain)
        guard try readerKeys(request.account, request.key) else {
            throw LakeRefusal(
                .notPermitted, "the key does not read data in the name of account \(request.account.short)")
        }
        let (state, keys) = try AccessState.read(request.question, part: request.part) { try chain.state.value($0) }
        if let hindrance = state.hindrance(request.question, at: chain.time) { throw LakeRefusal(hindrance) }
        if let dataSet = state.records.dataSet {
            let country = try chain.read(Directory.countries, partner, of: WellKnown.governance)
            if let refusal = AccessRule.storageRefusal(
                dataSet.location, dataSet.description, partner: partner, country: country)
            {
                throw LakeRefusal(.notPermitted, "\(partner) may not store this data set: \(refusal.text)")
            }
        }
        guard let anchor = state.anchor else { throw LakeRefusal(.notAnchored) }
        let manifest = try manifest(request.part, anchoredBy: anchor.owner)
        if case .time = request.range, !manifest.header.content.isTable {
            throw LakeRefusal(.malformed, "a file has no rows to cut by time; ask for all of it or for bytes")
        }
        if request.filter != nil, !manifest.header.content.isTable {
            throw LakeRefusal(.malformed, "a file has no rows to filter")
        }
        _ = try cut(request, manifest)
        return Grant(
            request: request, manifest: manifest, chunks: manifest.chunks(in: request.range), proof: try prove(keys),
            time: chain.time)
    }

    /// What cuts the wanted rows out of chunks; `isWhole` leaves the span out.
    func cut(_ request: ReadRequest, _ manifest: Manifest, isWhole: Bool = false) throws -> RowCut? {
        guard manifest.header.content.isTable else { return nil }
        var (from, to) = (Timestamp(0), Timestamp(.max))
        if !isWhole, case .time(let first, let end) = request.range { (from, to) = (first, end) }
        do throws(PartProblem) {
            return try RowCut(
                manifest.header.content, from: from, to: to, filter: request.filter, energy: manifest.header.energy)
        } catch {
            throw LakeRefusal(.malformed, error.description)
        }
    }

    /// Logs the access, durably, then writes the answer piece by piece.
    package func serve(_ grant: Grant, _ write: ([UInt8]) async throws -> Void) async throws {
        let file = try parts.chunks(of: grant.manifest)
        try accesses.add(try entry(grant, file))
        switch grant.request.form {
        case .proved:
            try await write(SliceFrame.bytes(SliceHead(grant.manifest, range: grant.request.range, proof: grant.proof)))
            for index in grant.chunks {
                guard let path = grant.manifest.path(chunk: index) else { continue }
                let proved = ProvedDescriptor(descriptor: grant.manifest.chunks[index], path: path)
                try await write(SliceFrame.bytes(SliceChunk(proved: proved, bytes: try file.chunk(index))))
            }
        case .plain: try await servePlain(grant, file, write)
        }
    }

    private func servePlain(
        _ grant: Grant, _ file: PartStore.ChunkFile, _ write: ([UInt8]) async throws -> Void
    ) async throws {
        let (request, manifest) = (grant.request, grant.manifest)
        if case .bytes(let from, let to) = request.range {
            for index in grant.chunks {
                let bytes = try file.chunk(index)
                let start = manifest.chunks[index].offset
                let first = from > start ? Int(from - start) : 0
                let end = min(bytes.count, Int(clamping: to - start))
                if first < end { try await write(Array(bytes[first..<end])) }
            }
            return
        }
        if !manifest.header.content.head.isEmpty { try await write(manifest.header.content.head) }
        let cut = try cut(request, manifest)
        for index in grant.chunks {
            let bytes = try file.chunk(index)
            let wanted = request.range == .all && request.filter == nil ? bytes : try cut?.rows(of: bytes) ?? bytes
            if !wanted.isEmpty { try await write(wanted) }
        }
    }

    /// What counts for billing. Rows are looked at only where energy counts; else the descriptors say enough. A proved
    /// answer has whole chunks, so all their rows count, also those outside the span.
    private func entry(_ grant: Grant, _ file: PartStore.ChunkFile) throws -> AccessEntry {
        var energy: Int64 = 0
        let isWhole = grant.request.form == .proved
        if grant.manifest.header.energy != nil, let cut = try cut(grant.request, grant.manifest, isWhole: isWhole) {
            for index in grant.chunks {
                let (sum, overflow) = energy.addingReportingOverflow(
                    try cut.cut(try file.chunk(index)).milliWattHours)
                guard !overflow else { throw LakeRefusal(.malformed, "the energy of the rows is too large") }
                energy = sum
            }
        }
        let chunks = grant.manifest.chunks[grant.chunks]
        return AccessEntry(
            salt: .random, request: grant.request, time: grant.time,
            byteCount: chunks.reduce(0) { $0 + UInt64($1.byteCount) }, rows: chunks.reduce(0) { $0 + UInt64($1.rows) },
            milliWattHours: energy)
    }
}

extension LakeRefusal {
    init(_ hindrance: AccessState.Hindrance) {
        switch hindrance {
        case .refused(let rule): self.init(.notPermitted, hindrance.description, rule: rule)
        case .notAnchored, .otherDataSet: self.init(.unknown, hindrance.description)
        case .deleted: self.init(.erased, hindrance.description)
        }
    }
}

extension StorageRefusal {
    var text: String {
        switch self {
        case .notNamed: "the data set's description does not name it"
        case .countryUnknown: "governance has not said in which country its node stands"
        case .countryForbidden: "its node stands in a country where the data may not be stored"
        }
    }
}

extension ChainView {
    /// Whether a key signs for a partner: one of its own, or one that it registered for uploads. None does while the partner
    /// is suspended.
    package func isSigningKey(_ key: PublicKey, of partner: String) throws(StorageFailure) -> Bool {
        let own: Partner? = try read(Directory.partners, partner, of: WellKnown.governance)
        if own?.isSuspended == true { return false }
        let signing: SigningKey? = try read(Directory.signingKeys, Pair(partner, key), of: WellKnown.identity)
        let replaced = try read(Directory.keysReplaced, partner, of: WellKnown.governance)
        // One that lapsed with the keys that were replaced may be one of the partner's own all the same.
        if let signing, signing.revoked != nil || signing.isValid(at: time, keysReplaced: replaced) {
            return signing.isValid(at: time, keysReplaced: replaced)
        }
        return own?.keys.contains(key) ?? false
    }

    /// Whether governance has suspended a partner; one that it does not know is not.
    package func isSuspended(_ partner: String) throws(StorageFailure) -> Bool {
        let own: Partner? = try read(Directory.partners, partner, of: WellKnown.governance)
        return own?.isSuspended ?? false
    }

    /// A data set as Anchors has it.
    func dataSet(_ owner: String, _ name: String) throws(StorageFailure) -> DataSet? {
        try read(Anchors.dataSets, Pair(owner, name), of: WellKnown.anchors)
    }
}

extension Digest {
    /// From the system's generator.
    static var random: Digest {
        Digest((0..<Digest.byteCount).map { _ in UInt8.random(in: 0...255) }) ?? .zero
    }
}
