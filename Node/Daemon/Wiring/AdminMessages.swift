internal import Chain
internal import Primitives
internal import ReadModels
internal import Trading

/// Payloads of the administrator's requests to the own node, in BCS.
enum AdminOperation: String, CaseIterable {
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

    var path: String { "/v1/admin/\(rawValue)" }
}

/// Keys that salts are derived from: the community's own and its members'.
struct MemberKeysMessage: BCSCodable {
    static let membersMax = 1_024
    let community: Address
    /// Nil leaves the community's key as it is.
    let communityKey: Digest?
    let members: [Entry]

    struct Entry: BCSCodable {
        let member: MemberNumber
        let key: Digest
        init(member: MemberNumber, key: Digest) {
            self.member = member
            self.key = key
        }
        func encode(to encoder: inout BCSEncoder) {
            encoder.value(member)
            encoder.fixed(key)
        }
        init(from decoder: inout BCSDecoder) throws(BCSError) {
            member = try MemberNumber(from: &decoder)
            key = try decoder.digest()
        }
    }

    init(community: Address, communityKey: Digest?, members: [Entry]) {
        self.community = community
        self.communityKey = communityKey
        self.members = members
    }

    func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.option(communityKey)
        encoder.vector(members)
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        communityKey = try decoder.option()
        members = try decoder.vector(max: MemberKeysMessage.membersMax)
    }
}

/// Batches to send to the partners that may hold them.
struct ReplicateMessage: BCSCodable {
    static let batchesMax = 4_096
    let batches: [Digest]

    init(batches: [Digest]) { self.batches = batches }
    func encode(to encoder: inout BCSEncoder) { encoder.vector(batches) }
    init(from decoder: inout BCSDecoder) throws(BCSError) {
        batches = try decoder.vector(max: ReplicateMessage.batchesMax)
    }
}

/// A period to compute and have attested.
struct SettlementMessage: BCSCodable {
    let community: Address
    let period: PeriodNumber

    init(community: Address, period: PeriodNumber) {
        self.community = community
        self.period = period
    }

    func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.value(period)
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        period = try PeriodNumber(from: &decoder)
    }
}

/// A member's statement over the periods [from, to).
struct StatementMessage: BCSCodable {
    let community: Address
    let member: MemberNumber
    let from: PeriodNumber
    let to: PeriodNumber

    init(community: Address, member: MemberNumber, from: PeriodNumber, to: PeriodNumber) {
        self.community = community
        self.member = member
        self.from = from
        self.to = to
    }

    func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.value(member)
        encoder.value(from)
        encoder.value(to)
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        member = try MemberNumber(from: &decoder)
        from = try PeriodNumber(from: &decoder)
        to = try PeriodNumber(from: &decoder)
    }
}

/// A member whose batches may go, or are gone and whose secrets may follow.
struct ErasureMessage: BCSCodable {
    let community: Address
    let member: MemberNumber
    /// Destroy key, salts and lines as well.
    let forgets: Bool

    init(community: Address, member: MemberNumber, forgets: Bool) {
        self.community = community
        self.member = member
        self.forgets = forgets
    }

    func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.value(member)
        encoder.bool(forgets)
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        member = try MemberNumber(from: &decoder)
        forgets = try decoder.bool()
    }
}

/// What of a member's batches may be erased. `kept` has a reason for each batch that may not.
struct ErasurePlanAnswer: Codable {
    struct Kept: Codable {
        let batch: String
        let reason: String
    }
    let batches: [String]
    let kept: [Kept]
    let isWhole: Bool
}

/// What is to be done about the node's webhooks.
enum WebhookMessage: BCSCodable {
    case list
    case add(url: String, secret: [UInt8], types: [String], subject: Digest?)
    case remove(UInt64)
    case resume(UInt64)

    func encode(to encoder: inout BCSEncoder) {
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

    init(from decoder: inout BCSDecoder) throws(BCSError) {
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
