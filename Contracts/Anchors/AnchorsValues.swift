internal import Chain
package import ContractKit
package import Primitives

package struct DataSet: Hashable, Sendable, BCSCodable {
    package let schema: String
    package let created: Height
    /// Batches anchored so far.
    package var batches: UInt64

    init(schema: String, created: Height, batches: UInt64) {
        self.schema = schema
        self.created = created
        self.batches = batches
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(schema)
        encoder.value(created)
        encoder.u64(batches)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        schema = try decoder.string(max: BatchAnchor.schemaBytesMax)
        created = try Height(from: &decoder)
        batches = try decoder.u64()
    }
}

package struct RegisterDataSet: Hashable, Sendable, ContractValue {
    package let name: String
    /// Format of its batches, e.g. `commonwatt/readings/1`.
    package let schema: String

    package init(name: String, schema: String) {
        self.name = name
        self.schema = schema
    }

    package static let shape = Shape.fields(
        "RegisterDataSet", ("name", .text(max: BatchAnchor.nameBytesMax)),
        ("schema", .text(max: BatchAnchor.schemaBytesMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(name)
        encoder.string(schema)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        name = try decoder.string(max: BatchAnchor.nameBytesMax)
        schema = try decoder.string(max: BatchAnchor.schemaBytesMax)
    }
}

package struct NewBatch: Hashable, Sendable, ContractValue {
    package let digest: Digest
    package let root: Digest
    package let count: UInt32
    package let from: Timestamp
    package let to: Timestamp
    package let supersedes: Digest?

    package init(
        digest: Digest, root: Digest, count: UInt32, from: Timestamp, to: Timestamp, supersedes: Digest? = nil
    ) {
        self.digest = digest
        self.root = root
        self.count = count
        self.from = from
        self.to = to
        self.supersedes = supersedes
    }

    package static let shape = Shape.fields(
        "NewBatch", ("digest", .digest), ("root", .digest), ("count", .u32), ("from", .u64), ("to", .u64),
        ("supersedes", .option(.digest)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(digest)
        encoder.fixed(root)
        encoder.u32(count)
        encoder.value(from)
        encoder.value(to)
        encoder.option(supersedes)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        digest = try decoder.digest()
        root = try decoder.digest()
        count = try decoder.u32()
        from = try Timestamp(from: &decoder)
        to = try Timestamp(from: &decoder)
        supersedes = try decoder.option()
    }
}

package struct AppendBatches: Hashable, Sendable, ContractValue {
    package static let batchesMax = 64

    package let dataSet: String
    package let batches: [NewBatch]

    package init(dataSet: String, batches: [NewBatch]) {
        self.dataSet = dataSet
        self.batches = batches
    }

    package static let shape = Shape.fields(
        "AppendBatches", ("dataSet", .text(max: BatchAnchor.nameBytesMax)),
        ("batches", .list(NewBatch.shape, max: batchesMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(dataSet)
        encoder.vector(batches)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        dataSet = try decoder.string(max: BatchAnchor.nameBytesMax)
        batches = try decoder.vector(max: AppendBatches.batchesMax)
    }
}

package struct DeleteBatch: Hashable, Sendable, ContractValue {
    package let batch: Digest
    package let reason: UInt16

    package init(batch: Digest, reason: UInt16) {
        self.batch = batch
        self.reason = reason
    }

    package static let shape = Shape.fields("DeleteBatch", ("batch", .digest), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(batch)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        batch = try decoder.digest()
        reason = try decoder.u16()
    }
}

package struct DataSetNotice: Hashable, Sendable, ContractValue {
    package let owner: String
    package let name: String
    package let schema: String

    init(owner: String, name: String, schema: String) {
        self.owner = owner
        self.name = name
        self.schema = schema
    }

    package static let shape = Shape.fields(
        "DataSetNotice", ("owner", .text(max: Partner.idBytesMax)), ("name", .text(max: BatchAnchor.nameBytesMax)),
        ("schema", .text(max: BatchAnchor.schemaBytesMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(owner)
        encoder.string(name)
        encoder.string(schema)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        owner = try decoder.string(max: Partner.idBytesMax)
        name = try decoder.string(max: BatchAnchor.nameBytesMax)
        schema = try decoder.string(max: BatchAnchor.schemaBytesMax)
    }
}

package struct TombstoneNotice: Hashable, Sendable, ContractValue {
    package let batch: Digest
    package let reason: UInt16

    init(batch: Digest, reason: UInt16) {
        self.batch = batch
        self.reason = reason
    }

    package static let shape = Shape.fields("TombstoneNotice", ("batch", .digest), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(batch)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        batch = try decoder.digest()
        reason = try decoder.u16()
    }
}

package struct BatchStatus: Hashable, Sendable, ContractValue {
    package let anchor: BatchAnchor
    package let correction: Digest?
    package let tombstone: Tombstone?

    init(anchor: BatchAnchor, correction: Digest?, tombstone: Tombstone?) {
        self.anchor = anchor
        self.correction = correction
        self.tombstone = tombstone
    }

    package static let shape = Shape.fields(
        "BatchStatus", ("anchor", BatchAnchor.shape), ("correction", .option(.digest)),
        ("tombstone", .option(Tombstone.shape)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(anchor)
        encoder.option(correction)
        encoder.option(tombstone)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        anchor = try BatchAnchor(from: &decoder)
        correction = try decoder.option()
        tombstone = try decoder.option()
    }
}

package struct BatchPage: Hashable, Sendable, ContractValue {
    package let owner: String
    package let dataSet: String
    package let from: UInt64

    package init(owner: String, dataSet: String, from: UInt64) {
        self.owner = owner
        self.dataSet = dataSet
        self.from = from
    }

    package static let shape = Shape.fields(
        "BatchPage", ("owner", .text(max: Partner.idBytesMax)), ("dataSet", .text(max: BatchAnchor.nameBytesMax)),
        ("from", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(owner)
        encoder.string(dataSet)
        encoder.u64(from)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        owner = try decoder.string(max: Partner.idBytesMax)
        dataSet = try decoder.string(max: BatchAnchor.nameBytesMax)
        from = try decoder.u64()
    }
}

package struct BatchList: Hashable, Sendable, ContractValue {
    package static let countMax = 64
    package let batches: [BatchAnchor]
    init(batches: [BatchAnchor]) { self.batches = batches }
    package static let shape = Shape.fields("BatchList", ("batches", .list(BatchAnchor.shape, max: countMax)))
    package func encode(to encoder: inout BCSEncoder) { encoder.vector(batches) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        batches = try decoder.vector(max: BatchList.countMax)
    }
}
