package import Chain
package import Primitives
internal import ReadModels
package import Trading

/// Payloads of the administrator's requests to the own node, in BCS.
package enum AdminOperation: String, CaseIterable {
    case memberKeys = "member-keys"
    case replicate
    case settlement
    case statement
    case erasable
    case erase
    case settler
    case communities
    case eraseParts = "erase-parts"
    case webhooks
    case forecast

    /// A large community's readings may have to be read from the disk first, by the attesters, too.
    package static let settlementMilliseconds: UInt32 = 110_000

    package var path: String { "/v1/admin/\(rawValue)" }
}

/// Keys that salts are derived from: the community's own and its members'.
package struct MemberKeysMessage: BCSCodable {
    package static let membersMax = 1_024
    package let community: Address
    /// Nil leaves the community's key as it is.
    package let communityKey: Digest?
    package let members: [Entry]

    package struct Entry: BCSCodable {
        package let member: MemberNumber
        package let key: Digest
        package init(member: MemberNumber, key: Digest) {
            self.member = member
            self.key = key
        }
        package func encode(to encoder: inout BCSEncoder) {
            encoder.value(member)
            encoder.fixed(key)
        }
        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            member = try MemberNumber(from: &decoder)
            key = try decoder.digest()
        }
    }

    package init(community: Address, communityKey: Digest?, members: [Entry]) {
        self.community = community
        self.communityKey = communityKey
        self.members = members
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.option(communityKey)
        encoder.vector(members)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        communityKey = try decoder.option()
        members = try decoder.vector(max: MemberKeysMessage.membersMax)
    }
}

/// Batches to send to the partners that may hold them.
package struct ReplicateMessage: BCSCodable {
    package static let batchesMax = 4_096
    package let batches: [Digest]

    package init(batches: [Digest]) { self.batches = batches }
    package func encode(to encoder: inout BCSEncoder) { encoder.vector(batches) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        batches = try decoder.vector(max: ReplicateMessage.batchesMax)
    }
}

/// A period to compute and have attested.
package struct SettlementMessage: BCSCodable {
    package let community: Address
    package let period: PeriodNumber

    package init(community: Address, period: PeriodNumber) {
        self.community = community
        self.period = period
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.value(period)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        period = try PeriodNumber(from: &decoder)
    }
}

/// A member's statement over the periods [from, to).
package struct StatementMessage: BCSCodable {
    package let community: Address
    package let member: MemberNumber
    package let from: PeriodNumber
    package let to: PeriodNumber

    package init(community: Address, member: MemberNumber, from: PeriodNumber, to: PeriodNumber) {
        self.community = community
        self.member = member
        self.from = from
        self.to = to
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.value(member)
        encoder.value(from)
        encoder.value(to)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        member = try MemberNumber(from: &decoder)
        from = try PeriodNumber(from: &decoder)
        to = try PeriodNumber(from: &decoder)
    }
}

/// A member whose batches may go, or are gone and whose secrets may follow.
package struct ErasureMessage: BCSCodable {
    package let community: Address
    package let member: MemberNumber
    /// Destroy key, salts and lines as well.
    package let forgets: Bool

    package init(community: Address, member: MemberNumber, forgets: Bool) {
        self.community = community
        self.member = member
        self.forgets = forgets
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.value(member)
        encoder.bool(forgets)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        member = try MemberNumber(from: &decoder)
        forgets = try decoder.bool()
    }
}

/// What of a member's batches may be erased: by a tombstone, or without one what was never anchored. `kept` has a reason for
/// each batch that may not.
package struct ErasurePlanAnswer: Codable {
    package struct Kept: Codable {
        package let batch: String
        package let reason: String
    }
    package let batches: [String]
    package let unanchored: [String]
    package let kept: [Kept]
    package let isWhole: Bool
}

/// What is to be done about the node's webhooks.
package enum WebhookMessage: BCSCodable {
    case list
    case add(url: String, secret: [UInt8], types: [String], subject: Digest?)
    case remove(UInt64)
    case resume(UInt64)

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .list: encoder.uleb(0)
        case .add(let url, let secret, let types, let subject):
            encoder.uleb(1)
            encoder.string(url)
            encoder.blob(secret)
            encoder.vector(types) { $0.string($1) }
            encoder.option(subject)
        case .remove(let number):
            encoder.uleb(2)
            encoder.u64(number)
        case .resume(let number):
            encoder.uleb(3)
            encoder.u64(number)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .list
        case 1:
            self = .add(
                url: try decoder.string(max: Webhook.urlBytesMax),
                secret: try decoder.blob(max: Webhook.secretBytes.upperBound),
                types: try decoder.vector(max: Webhook.typesMax) {
                    (decoder: inout BCSDecoder) throws(BCSError) -> String in try decoder.string(max: 64)
                }, subject: try decoder.option())
        case 2: self = .remove(try decoder.u64())
        case 3: self = .resume(try decoder.u64())
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
