package import ContractKit
internal import LedgerCrypto
package import Primitives

/// Everything that the result of a period depends on, by digest. The digests of the batches travel beside it
/// (`SettlementBatches`) where somebody needs them; this stays small whatever the size of the community.
package struct SettlementInputs: Hashable, Sendable, ContractValue {
    /// Digest of the community's rules.
    package let rules: Digest
    /// The community's `MemberLog` digest.
    package let members: Digest
    /// Merkle root (RFC 6962) over the digests of the reading batches, strictly ascending, and how many they are.
    package let batchRoot: Digest
    package let batchCount: UInt32
    /// Digest of the `SaltList`.
    package let salts: Digest
    /// Digest of the settlement that this one replaces; zero for version 1.
    package let previous: Digest
    /// Version of the community contract that computes, pinned by the instance.
    package let contractVersion: UInt32

    package init(
        rules: Digest, members: Digest, batches: SettlementBatches, salts: Digest, previous: Digest,
        contractVersion: UInt32
    ) {
        self.init(
            rules: rules, members: members, batchRoot: batches.root,
            batchCount: UInt32(clamping: batches.digests.count),
            salts: salts, previous: previous, contractVersion: contractVersion)
    }

    package init(
        rules: Digest, members: Digest, batchRoot: Digest, batchCount: UInt32, salts: Digest, previous: Digest,
        contractVersion: UInt32
    ) {
        self.rules = rules
        self.members = members
        self.batchRoot = batchRoot
        self.batchCount = batchCount
        self.salts = salts
        self.previous = previous
        self.contractVersion = contractVersion
    }

    package var digest: Digest { SHA256.hash(bcs) }

    /// Whether these are the batches that it was computed from.
    package func names(_ batches: SettlementBatches) -> Bool {
        UInt32(clamping: batches.digests.count) == batchCount && batches.root == batchRoot
    }

    package static let shape = Shape.fields(
        "SettlementInputs", ("rules", .digest), ("members", .digest), ("batchRoot", .digest), ("batchCount", .u32),
        ("salts", .digest), ("previous", .digest), ("contractVersion", .u32))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(rules)
        encoder.fixed(members)
        encoder.fixed(batchRoot)
        encoder.u32(batchCount)
        encoder.fixed(salts)
        encoder.fixed(previous)
        encoder.u32(contractVersion)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        rules = try decoder.digest()
        members = try decoder.digest()
        batchRoot = try decoder.digest()
        batchCount = try decoder.u32()
        salts = try decoder.digest()
        previous = try decoder.digest()
        contractVersion = try decoder.u32()
    }
}

/// The reading batches of one settlement by digest, strictly ascending.
package struct SettlementBatches: Hashable, Sendable, BCSCodable {
    /// Bound between nodes and in the lake: four megabytes.
    package static let countMax = 131_072
    /// Bound of a list in a transaction (32 KiB).
    package static let listedMax = 1_024

    package let digests: [Digest]

    package init(_ digests: [Digest]) { self.digests = digests }

    package var root: Digest { MerkleTree.root(digests) }

    package func encode(to encoder: inout BCSEncoder) { encoder.vector(digests) }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        try self.init(from: &decoder, max: SettlementBatches.countMax)
    }

    package init(from decoder: inout BCSDecoder, max: Int) throws(BCSError) {
        digests = try decoder.vector(max: max)
        for (left, right) in zip(digests, digests.dropFirst()) where left >= right {
            throw decoder.failure(.invalid("the batches of a settlement must ascend by digest, each once"))
        }
    }
}

/// Salts of one period and version: one for each member's leaf, and the community's own for sealed totals. Travels
/// between the partners of the policy only; never on chain.
package struct SaltList: Hashable, Sendable, BCSCodable {
    package static let membersMax = 131_072

    package struct Entry: Hashable, Sendable, BCSCodable {
        package let member: MemberNumber
        package let salt: Digest

        package init(member: MemberNumber, salt: Digest) {
            self.member = member
            self.salt = salt
        }

        package func encode(to encoder: inout BCSEncoder) {
            encoder.value(member)
            encoder.fixed(salt)
        }

        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            member = try MemberNumber(from: &decoder)
            salt = try decoder.digest()
        }
    }

    package let community: Digest
    /// Strictly ascending by member.
    package let members: [Entry]

    package init(community: Digest, members: [Entry]) {
        self.community = community
        self.members = members
    }

    package var digest: Digest { SHA256.hash(bcs) }

    /// `HMAC-SHA-256(key, BCS(period, version))`; key is the member's, or the community's for totals. 32 bytes.
    package static func salt(key: Digest, period: PeriodNumber, version: UInt32) -> Digest {
        // BCS of the two: little-endian, one after the other. Each member of each period needs one.
        withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { message in
            message.storeBytes(of: period.value.littleEndian, toByteOffset: 0, as: UInt64.self)
            message.storeBytes(of: version.littleEndian, toByteOffset: 8, as: UInt32.self)
            return key.withUnsafeBytes { SHA256.hmac(key: $0, UnsafeRawBufferPointer(message)) }
        }
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(community)
        encoder.vector(members)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try decoder.digest()
        members = try decoder.vector(max: SaltList.membersMax)
        for (left, right) in zip(members, members.dropFirst()) where left.member >= right.member {
            throw decoder.failure(.invalid("the members of a salt list must ascend, each once"))
        }
    }
}
