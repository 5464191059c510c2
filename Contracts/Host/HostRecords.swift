package import Chain
package import ContractKit
internal import LedgerCrypto
package import Primitives

/// A contract instance, as the host stores it. Never removed.
package struct InstanceRecord: Hashable, Sendable, ContractValue {
    package enum Status: Hashable, Sendable {
        case active
        case ended
        case superseded(by: Address)
    }

    package let contract: String
    /// Pinned at creation. Genesis instances run the version that is active instead (`followsActive`).
    package let version: UInt32
    package let followsActive: Bool
    /// The partner that created it, or whose instance did by a scheduled call; empty for genesis. Its instances share its
    /// turns of scheduled calls.
    package let creator: String
    package let created: Height
    package let supersedes: Address?
    package var status: Status

    package static let shape = Shape.fields(
        "InstanceRecord", ("contract", .text(max: ContractDefinition.nameBytesMax)), ("version", .u32),
        ("followsActive", .bool), ("creator", .text(max: Partner.idBytesMax)), ("created", .u64),
        ("supersedes", .option(.address)),
        (
            "status",
            .choice(
                "Status",
                [
                    Shape.Case(0, "active"), Shape.Case(1, "ended"),
                    Shape.Case(2, "superseded", [Shape.Field("by", .address)]),
                ])
        ))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(contract)
        encoder.u32(version)
        encoder.bool(followsActive)
        encoder.string(creator)
        encoder.value(created)
        encoder.option(supersedes)
        switch status {
        case .active: encoder.uleb(0)
        case .ended: encoder.uleb(1)
        case .superseded(let by):
            encoder.uleb(2)
            encoder.value(by)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        contract = try decoder.string(max: ContractDefinition.nameBytesMax)
        version = try decoder.u32()
        followsActive = try decoder.bool()
        creator = try decoder.string(max: Partner.idBytesMax)
        created = try Height(from: &decoder)
        supersedes = try decoder.option()
        switch try decoder.uleb() {
        case 0: status = .active
        case 1: status = .ended
        case 2: status = .superseded(by: try Address(from: &decoder))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }

    init(
        contract: String, version: UInt32, followsActive: Bool, creator: String, created: Height, supersedes: Address?
    ) {
        self.contract = contract
        self.version = version
        self.followsActive = followsActive
        self.creator = creator
        self.created = created
        self.supersedes = supersedes
        status = .active
    }
}

/// A call that waits for its block time, or the turn of a lane. Linked with the others of its lane and time.
package struct ScheduledCall: Hashable, Sendable, BCSCodable {
    /// So that the record fits a stored value.
    package static let argumentBytesMax = 900

    package let instance: Address
    package let method: UInt16
    package let arguments: [UInt8]
    /// Whether it is the host's note that `instance` has its turn.
    package let isTurn: Bool
    package var previous: UInt64?
    package var next: UInt64?

    /// What the subject of its receipt has beside its time and sequence.
    func encodeCall(to encoder: inout BCSEncoder) {
        encoder.value(instance)
        encoder.u16(method)
        encoder.blob(arguments)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encodeCall(to: &encoder)
        encoder.bool(isTurn)
        encoder.option(previous.map { Height($0) })
        encoder.option(next.map { Height($0) })
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        instance = try Address(from: &decoder)
        method = try decoder.u16()
        arguments = try decoder.blob(max: ScheduledCall.argumentBytesMax)
        isTurn = try decoder.bool()
        previous = try decoder.option(Height.self)?.value
        next = try decoder.option(Height.self)?.value
    }

    init(instance: Address, method: UInt16, arguments: [UInt8]) {
        self.instance = instance
        self.method = method
        self.arguments = arguments
        isTurn = false
    }

    init(turnOf instance: Address) {
        self.instance = instance
        method = 0
        arguments = []
        isTurn = true
    }
}

/// What a partner has used of its quota in a window of block time. Windows are numbered from 1970.
package struct QuotaUse: Hashable, Sendable, BCSCodable {
    package var window: UInt64
    package var transactions: UInt64
    package var work: UInt64

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(window)
        encoder.u64(transactions)
        encoder.u64(work)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        window = try decoder.u64()
        transactions = try decoder.u64()
        work = try decoder.u64()
    }

    init(window: UInt64) {
        self.window = window
        transactions = 0
        work = 0
    }
}

/// The host's own records, under `WellKnown.host`.
package enum HostState {
    package static let instances = StorageMap<Address, InstanceRecord>(1, "instances")
    package static let quotas = StorageMap<String, QuotaUse>(2, "quotas")
    package static let branches = StorageMap<CalendarPath, CalendarBranch>(3, "branches")
    package static let scheduled = StorageMap<Pair<Timestamp, UInt64>, ScheduledCall>(4, "scheduled")
    package static let scheduledCount = StorageValue<Height>(5, "scheduledCount")
    package static let instanceLog = StorageLog<Address>(6, "instanceLog")
    /// By lane and time.
    package static let moments = StorageMap<Pair<Address, Timestamp>, QueueEnds>(7, "moments")
    /// The turn of each lane in which something waits: of a partner's instance in the partner's lane, of others in the
    /// host's own.
    package static let turns = StorageMap<Address, ScheduleID>(8, "turns")

    /// The lane of a partner's turns: the first 20 bytes of `SHA-256("commonwatt/lane/1" || partner)`.
    static func lane(of partner: String) -> Address {
        let digest = SigningDomain.digest(Array("commonwatt/lane/1".utf8), Array(partner.utf8))
        return Address(Array(digest.bytes.prefix(Address.byteCount))) ?? WellKnown.host
    }
}
