internal import Agreements
internal import ContractKit
internal import DataSets
package import Primitives

/// Parts of data sets between the nodes of the partners that may store them: whoever has one offers it, whoever may have
/// it fetches it, chunk by chunk, and checks every row against the anchored manifest. Where a restricted data set may lie
/// is what `AccessRule.storageRefusal` says of the description on the chain.
package struct PartReplication: PartExchange {
    /// Asks a partner's node; nil when it did not answer.
    package typealias Ask = @Sendable (_ partner: String, _ message: LakeMessage) async -> LakeMessage?

    /// Chunks asked for at once.
    private static let chunksMax: UInt16 = 12

    package let service: DataService
    private let ask: Ask
    private let gate = FetchGate()

    package init(service: DataService, ask: @escaping Ask) {
        self.service = service
        self.ask = ask
    }

    package func answer(_ message: LakeMessage, from sender: String) async throws -> LakeMessage {
        switch message {
        case .part(let digest): return .manifest(try permitted(digest, sender).bcs)
        case .chunks(let digest, let first, let count):
            return .chunkBytes(try chunks(try permitted(digest, sender), first, count))
        case .offer(let digest, let keepUntil):
            return .stored(try await fetch(digest, from: sender, keepUntil: keepUntil))
        default: throw LakeRefusal(.malformed, "this is no question about parts")
        }
    }

    /// A part's manifest, when the sender may store it.
    private func permitted(_ digest: Digest, _ sender: String) throws -> Manifest {
        let chain = try service.chain()
        try service.requireFresh(chain)
        guard let anchor = try chain.anchor(digest) else {
            throw LakeRefusal(.unknown, "part \(digest.short) is not anchored")
        }
        try service.requireStorage(anchor.owner, anchor.dataSet, chain, by: sender)
        if try chain.isDeleted(digest) { throw LakeRefusal(.erased, "the owner declared part \(digest.short) deleted") }
        return try service.manifest(digest, anchoredBy: anchor.owner)
    }

    private func chunks(_ manifest: Manifest, _ first: UInt32, _ count: UInt16) throws -> [UInt8] {
        let file = try service.parts.chunks(of: manifest)
        var bytes: [UInt8] = []
        var index = Int(first)
        while index < manifest.chunks.count, index < Int(first) + Int(count),
            bytes.count + Int(manifest.chunks[index].byteCount) <= LakeMessage.chunkBytesMax
        {
            bytes += try file.chunk(index)
            index += 1
        }
        return bytes
    }

    /// Fetches an anchored part from a partner, when this node may store it and the partner may have it. `keepUntil` counts
    /// when it is its owner who says it: how long a part is kept is nobody else's to say.
    @discardableResult
    package func fetch(_ digest: Digest, from other: String, keepUntil: Timestamp? = nil) async throws -> Digest {
        let chain = try service.chain()
        guard let anchor = try chain.anchor(digest) else {
            throw LakeRefusal(.unknown, "part \(digest.short) is not anchored; anchor it before replicating it")
        }
        guard anchor.schema == Manifest.schema else { throw LakeRefusal(.malformed, "\(digest.short) is no part") }
        for each in [other, service.partner] {
            try service.requireStorage(anchor.owner, anchor.dataSet, chain, by: each)
        }
        if try chain.isDeleted(digest) { throw LakeRefusal(.erased, "the owner declared part \(digest.short) deleted") }
        if try service.parts.entry(digest)?.status == .held { return digest }
        try service.requireCopies(of: anchor.owner)
        guard gate.enter(other) else {
            throw LakeRefusal(.busy, "\(service.partner) is fetching parts already; offer this one again later")
        }
        defer { gate.leave(other) }
        let manifest = try await manifest(digest, from: other)
        guard manifest.root == anchor.root, manifest.count == anchor.count else {
            throw LakeRefusal(.malformed, "the manifest of part \(digest.short) is not the anchored one")
        }
        guard manifest.header.from == anchor.from, manifest.header.to == anchor.to else {
            throw LakeRefusal(.malformed, "part \(digest.short) is of another time than its anchor says")
        }
        try service.requireRoom(manifest.header.byteCount, of: anchor.owner, isAnchored: true, chain)
        let source = ChunkSource(manifest: manifest, other: other, ask: ask)
        _ = try await service.parts.receive(
            manifest, owner: anchor.owner, dataSet: anchor.dataSet,
            keepUntil: other == anchor.owner && other != service.partner ? keepUntil : nil, now: service.now()
        ) { try await source.chunk($0) }
        try service.parts.markAnchored(digest)
        return digest
    }

    private func manifest(_ digest: Digest, from other: String) async throws -> Manifest {
        switch await ask(other, .part(digest)) {
        case .manifest(let bytes)?:
            let manifest: Manifest
            do throws(BCSError) { manifest = try Manifest(bcs: bytes) } catch {
                throw LakeRefusal(.malformed, "the manifest of part \(digest.short) is none: \(error)")
            }
            guard manifest.digest == digest else {
                throw LakeRefusal(.malformed, "\(other) gave another manifest than that of part \(digest.short)")
            }
            return manifest
        case .refused(let refusal)?: throw refusal
        default: throw LakeRefusal(.unavailable, "\(other) did not answer")
        }
    }

    /// Fetches chunks ahead, as many as one answer holds.
    private actor ChunkSource {
        let manifest: Manifest
        let other: String
        let ask: Ask
        var ahead: [Int: [UInt8]] = [:]

        init(manifest: Manifest, other: String, ask: @escaping Ask) {
            self.manifest = manifest
            self.other = other
            self.ask = ask
        }

        func chunk(_ index: Int) async throws -> [UInt8] {
            if let bytes = ahead.removeValue(forKey: index) { return bytes }
            let request = LakeMessage.chunks(
                manifest.digest, first: UInt32(clamping: index), count: PartReplication.chunksMax)
            switch await ask(other, request) {
            case .chunkBytes(let bytes)?: split(bytes, from: index)
            case .refused(let refusal)?: throw refusal
            default: throw LakeRefusal(.unavailable, "\(other) did not answer")
            }
            guard let bytes = ahead.removeValue(forKey: index) else {
                throw LakeRefusal(.malformed, "\(other) gave less than chunk \(index)")
            }
            return bytes
        }

        private func split(_ bytes: [UInt8], from first: Int) {
            var rest = bytes[...]
            var index = first
            while index < manifest.chunks.count, rest.count >= Int(manifest.chunks[index].byteCount) {
                let count = Int(manifest.chunks[index].byteCount)
                ahead[index] = Array(rest.prefix(count))
                rest = rest.dropFirst(count)
                index += 1
            }
        }
    }

    /// What a partner said to an offer.
    package struct Answer: Hashable, Sendable {
        package let partner: String
        /// Nil when it has the part now.
        package let refusal: String?
        /// It may be offered again: the partner did not answer, or cannot take it now.
        package let isForNow: Bool
        /// The partner is not linked, or did not answer in time.
        package var isSilent = false
    }

    /// Offers a part to every partner that the descriptions name, but this one and those to skip; what each answered.
    package func offer(_ digest: Digest, skipping skipped: Set<String> = []) async throws -> [Answer] {
        let chain = try service.chain()
        guard let entry = try service.parts.entry(digest) else { throw LakeError.partNotHeld(digest) }
        let named = Set(try service.described(entry.owner, entry.dataSet, chain).flatMap(\.location.partners))
        var answers: [Answer] = []
        for other in named.subtracting(skipped).sorted() where other != service.partner {
            do {
                try service.requireStorage(entry.owner, entry.dataSet, chain, by: other)
            } catch let refusal as LakeRefusal {
                answers.append(Answer(partner: other, refusal: refusal.text, isForNow: false))
                continue
            }
            switch await ask(other, .offer(digest, keepUntil: entry.keepUntil)) {
            case .stored?: answers.append(Answer(partner: other, refusal: nil, isForNow: false))
            case .refused(let refusal)?:
                answers.append(
                    Answer(
                        partner: other, refusal: refusal.text, isForNow: [.busy, .unavailable].contains(refusal.reason))
                )
            default: answers.append(Answer(partner: other, refusal: "did not answer", isForNow: true, isSilent: true))
            }
        }
        return answers
    }
}
