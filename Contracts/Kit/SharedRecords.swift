package import Chain
package import LedgerCrypto
package import Primitives

/// A meter's registration, stored by Identity. Numbers and digests only: no name, address or meter identifier.
package struct Meter: Hashable, Sendable, ContractValue {
    /// Pseudonymous, given out by the grid operator.
    package let number: UInt64
    /// The partner that confirms whose meter it is.
    package let gridOperator: String
    /// The partner that may upload its readings.
    package let dataProvider: String
    /// SHA-256 of the holder's signed consent (Data Source credential); what the grid operator confirms.
    package let holder: Digest
    /// The meter's own signing key, when it has one.
    package let key: PublicKey?
    package var isConfirmed: Bool
    package var isRetired: Bool
    /// The community instance that it is in; at most one at a time.
    package var community: Address?
    /// Nothing before this time can be settled by another community: where the last membership ended.
    package var freeFrom: Timestamp

    package init(
        number: UInt64, gridOperator: String, dataProvider: String, holder: Digest, key: PublicKey? = nil,
        isConfirmed: Bool = false
    ) {
        self.number = number
        self.gridOperator = gridOperator
        self.dataProvider = dataProvider
        self.holder = holder
        self.key = key
        self.isConfirmed = isConfirmed
        isRetired = false
        community = nil
        freeFrom = Timestamp(0)
    }

    package static let shape = Shape.fields(
        "Meter", ("number", .u64), ("gridOperator", .text(max: Partner.idBytesMax)),
        ("dataProvider", .text(max: Partner.idBytesMax)), ("holder", .digest), ("key", .option(.publicKey)),
        ("isConfirmed", .bool), ("isRetired", .bool), ("community", .option(.address)), ("freeFrom", .u64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.string(gridOperator)
        encoder.string(dataProvider)
        encoder.fixed(holder)
        encoder.option(key)
        encoder.bool(isConfirmed)
        encoder.bool(isRetired)
        encoder.option(community)
        encoder.value(freeFrom)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        gridOperator = try decoder.string(max: Partner.idBytesMax)
        dataProvider = try decoder.string(max: Partner.idBytesMax)
        holder = try decoder.digest()
        key = try decoder.option()
        isConfirmed = try decoder.bool()
        isRetired = try decoder.bool()
        community = try decoder.option()
        freeFrom = try Timestamp(from: &decoder)
    }
}

/// A data provider's key for signing batches, stored by Identity.
package struct SigningKey: Hashable, Sendable, ContractValue {
    package let since: Timestamp
    /// Block time of its revocation; batches received later are refused.
    package var revoked: Timestamp?

    package init(since: Timestamp, revoked: Timestamp? = nil) {
        self.since = since
        self.revoked = revoked
    }

    /// `keysReplaced`: when the council last replaced the provider's own keys (`Directory.keysReplaced`); what was registered
    /// until then, a thief of these may have registered.
    package func isValid(at time: Timestamp, keysReplaced: Timestamp?) -> Bool {
        since <= time && (revoked.map { time < $0 } ?? true) && (keysReplaced.map { $0 < since } ?? true)
    }

    package static let shape = Shape.fields("SigningKey", ("since", .u64), ("revoked", .option(.u64)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(since)
        encoder.option(revoked)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        since = try Timestamp(from: &decoder)
        revoked = try decoder.option()
    }
}

/// An anchored batch of data, stored by Anchors and never changed.
package struct BatchAnchor: Hashable, Sendable, ContractValue {
    package static let nameBytesMax = 64
    package static let schemaBytesMax = 64

    /// Content address: SHA-256 of the batch's bytes.
    package let digest: Digest
    /// Merkle root over its entries, so that one entry can be proved to belong to it.
    package let root: Digest
    /// Entries.
    package let count: UInt32
    /// Time that it covers: `from` inclusive, `to` exclusive.
    package let from: Timestamp
    package let to: Timestamp
    /// Format of the batch, e.g. `commonwatt/readings/1`.
    package let schema: String
    package let owner: String
    package let dataSet: String
    /// The batch that this one corrects.
    package let supersedes: Digest?
    /// Block that anchored it.
    package let height: Height

    package init(
        digest: Digest, root: Digest, count: UInt32, from: Timestamp, to: Timestamp, schema: String, owner: String,
        dataSet: String, supersedes: Digest?, height: Height
    ) {
        self.digest = digest
        self.root = root
        self.count = count
        self.from = from
        self.to = to
        self.schema = schema
        self.owner = owner
        self.dataSet = dataSet
        self.supersedes = supersedes
        self.height = height
    }

    package static let shape = Shape.fields(
        "BatchAnchor", ("digest", .digest), ("root", .digest), ("count", .u32), ("from", .u64), ("to", .u64),
        ("schema", .text(max: schemaBytesMax)), ("owner", .text(max: Partner.idBytesMax)),
        ("dataSet", .text(max: nameBytesMax)), ("supersedes", .option(.digest)), ("height", .u64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(digest)
        encoder.fixed(root)
        encoder.u32(count)
        encoder.value(from)
        encoder.value(to)
        encoder.string(schema)
        encoder.string(owner)
        encoder.string(dataSet)
        encoder.option(supersedes)
        encoder.value(height)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        digest = try decoder.digest()
        root = try decoder.digest()
        count = try decoder.u32()
        from = try Timestamp(from: &decoder)
        to = try Timestamp(from: &decoder)
        schema = try decoder.string(max: BatchAnchor.schemaBytesMax)
        owner = try decoder.string(max: Partner.idBytesMax)
        dataSet = try decoder.string(max: BatchAnchor.nameBytesMax)
        supersedes = try decoder.option()
        height = try Height(from: &decoder)
    }
}

/// The owner's statement that a batch was deleted; the anchor stays.
package struct Tombstone: Hashable, Sendable, ContractValue {
    /// A code of the owner's, e.g. 1 = consent withdrawn, 2 = retention over. Never text.
    package let reason: UInt16
    package let time: Timestamp

    package init(reason: UInt16, time: Timestamp) {
        self.reason = reason
        self.time = time
    }

    package static let shape = Shape.fields("Tombstone", ("reason", .u16), ("time", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(reason)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        reason = try decoder.u16()
        time = try Timestamp(from: &decoder)
    }
}
