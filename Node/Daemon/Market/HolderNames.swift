internal import Accounts
internal import Chain
internal import ContractKit
internal import Identity
internal import NodeClient
internal import Primitives

/// DIDs behind the digests by which the market's records name accounts: those that the caller named, and those of
/// organisations, which stand in their documents. A digest is that of one DID, so nobody's word is taken for it. A person's
/// DID is nowhere on the chain: it stays a digest.
struct HolderNames {
    /// Documents that are read for one answer; further accounts stay digests.
    static let documentsMax = 64

    private var known: [Digest: String] = [:]

    init() {}

    /// `named` are DIDs, or digests, as the caller wrote them.
    init(named: [String?]) {
        for case let did? in named where did.hasPrefix("did:") { known[HolderDID.digest(did)] = did }
    }

    /// The DIDs of `holders`, as far as they are known. What cannot be read stays a digest.
    static func find(_ holders: [Digest], named: [String?] = [], _ client: NodeClient) async -> HolderNames {
        var names = HolderNames(named: named)
        let wanted = Set(holders).filter { names.known[$0] == nil }.sorted().prefix(documentsMax)
        await withTaskGroup(of: (Digest, String?).self) { group in
            for holder in wanted { group.addTask { (holder, try? await HolderNames.document(of: holder, client)) } }
            for await (holder, did) in group { names.known[holder] = did }
        }
        return names
    }

    /// The same for members of JSON records.
    static func find(
        in entries: [JSONValue], _ fields: [String], named: [String?] = [], _ client: NodeClient
    ) async -> HolderNames {
        let holders = entries.flatMap { entry in fields.compactMap { entry[$0]?.text.flatMap { Digest(hex: $0) } } }
        return await find(holders, named: named, client)
    }

    /// `id` of a DID document's first version.
    private static func document(of holder: Digest, _ client: NodeClient) async throws -> String? {
        let key = Identity.versions.stateKey(Pair(holder, 1), at: WellKnown.identity)
        guard let version = try await client.value(key).value.map({ try ObjectVersion(bcs: $0) }) else { return nil }
        var bytes: [UInt8] = []
        var part: UInt16 = 0
        while bytes.count < Int(version.byteCount) {
            let key = Identity.contents.stateKey(Pair(version.content, part), at: WellKnown.identity)
            guard let next = try await client.value(key).value.map({ try ContentPart(bcs: $0) }), !next.bytes.isEmpty
            else { return nil }
            bytes += next.bytes
            part += 1
        }
        let did = try JSONValue(parsing: bytes)["id"]?.text
        return did.flatMap { HolderDID.digest($0) == holder ? $0 : nil }
    }

    subscript(_ holder: Digest) -> String? { known[holder] }

    /// The DID, or the digest where none is known.
    func text(_ holder: Digest) -> String { known[holder] ?? "\(holder)" }

    /// The same of a record's member; of a digest its beginning, which --json has whole.
    func short(_ value: JSONValue?) -> String {
        value?.text.flatMap { Digest(hex: $0) }.flatMap { known[$0] } ?? MarketLists.short(value)
    }

    /// A record with the DIDs beside its digests: `seller` has its DID in `sellerDID`.
    func adding(to entry: JSONValue, _ fields: [String]) -> JSONValue {
        guard case .object(let members) = entry else { return entry }
        let added = fields.compactMap { field -> JSONValue.Member? in
            let did = entry[field]?.text.flatMap { Digest(hex: $0) }.flatMap { known[$0] }
            return did.map { JSONValue.Member("\(field)DID", .string($0)) }
        }
        return .object(members + added)
    }
}
