package import ContractKit
internal import LedgerCrypto
package import Primitives

/// Everything that the result of a period depends on, by digest.
package struct SettlementInputs: Hashable, Sendable, ContractValue {
    /// Bounds the transaction (32 KiB of digests) and with it the meters of one community.
    package static let batchesMax = 1_024

    /// Digest of the community's rules.
    package let rules: Digest
    /// The community's `MemberLog` digest.
    package let members: Digest
    /// Digests of the reading batches, strictly ascending.
    package let batches: [Digest]
    /// Digest of the `SaltList`.
    package let salts: Digest
    /// Digest of the settlement that this one replaces; zero for version 1.
    package let previous: Digest
    /// Version of the community contract that computes, pinned by the instance.
    package let contractVersion: UInt32

    package init(
        rules: Digest, members: Digest, batches: [Digest], salts: Digest, previous: Digest, contractVersion: UInt32
    ) {
        self.rules = rules
        self.members = members
        self.batches = batches
        self.salts = salts
        self.previous = previous
        self.contractVersion = contractVersion
    }

    package var digest: Digest { SHA256.hash(bcs) }

    package static let shape = Shape.fields(
        "SettlementInputs", ("rules", .digest), ("members", .digest), ("batches", .list(.digest, max: batchesMax)),
        ("salts", .digest), ("previous", .digest), ("contractVersion", .u32))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(rules)
        encoder.fixed(members)
        encoder.vector(batches)
        encoder.fixed(salts)
        encoder.fixed(previous)
        encoder.u32(contractVersion)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        rules = try decoder.digest()
        members = try decoder.digest()
        batches = try decoder.vector(max: SettlementInputs.batchesMax)
        for (left, right) in zip(batches, batches.dropFirst()) where left >= right {
            throw decoder.failure(.invalid("the batches of a settlement must ascend by digest, each once"))
        }
        salts = try decoder.digest()
        previous = try decoder.digest()
        contractVersion = try decoder.u32()
    }
}

/// Salts of one period and version: one for each member's leaf, and the community's own for sealed totals. Travels
/// between the partners of the policy only; never on chain.
package struct SaltList: Hashable, Sendable, BCSCodable {
    package static let membersMax = 16_384

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
        var encoder = BCSEncoder()
        encoder.value(period)
        encoder.u32(version)
        return SHA256.hmac(key: key.bytes, encoder.bytes)
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
