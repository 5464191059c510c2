internal import Chain
package import ContractKit
package import Primitives

/// What data exists, by digest: data sets, their batches, corrections and deletions.
///
/// Invariants (checked by `AnchorsTests`):
/// - A content address is anchored at most once, and its record never changes.
/// - Batches of a data set are numbered 0, 1, 2, … without gaps, in the order of anchoring.
/// - A batch is superseded at most once, by a batch of the same data set; corrections thus form chains, not trees.
/// - Only the owner of a data set appends to it, supersedes or declares deletions.
package enum Anchors: Contract {
    package static let name = "anchors"
    package static let version: UInt32 = 1
    package static let summary = "Data sets, anchored batches, corrections and deletions."

    // Numbers 2 and 3 are `Directory.batches` and `Directory.tombstones`, which other contracts read.
    package static let dataSets = StorageMap<Pair<String, String>, DataSet>(1, "dataSets")
    /// Content address by owner, data set and number.
    package static let sequence = StorageMap<Pair<String, Pair<String, UInt64>>, Digest>(4, "sequence")
    /// The correction of a batch.
    package static let corrections = StorageMap<Digest, Digest>(5, "corrections")

    package static var storage: [StorageDeclaration] {
        [
            dataSets.declaration, Directory.batches.declaration, Directory.tombstones.declaration,
            sequence.declaration, corrections.declaration,
        ]
    }

    package static let malformedName = RejectionKind(
        100, "malformed-name", "names of data sets and schemas have \(BatchAnchor.nameRule)")
    package static let dataSetExists = RejectionKind(101, "data-set-exists", "the partner has a data set of this name")
    package static let dataSetUnknown = RejectionKind(
        102, "data-set-unknown", "the partner has no data set of this name")
    package static let alreadyAnchored = RejectionKind(103, "already-anchored", "this content is anchored already")
    package static let batchUnknown = RejectionKind(104, "batch-unknown", "no batch has this content address")
    package static let notOwner = RejectionKind(105, "not-owner", "the batch belongs to another partner")
    package static let otherDataSet = RejectionKind(
        106, "other-data-set", "a correction belongs to the same data set as the batch that it corrects")
    package static let alreadySuperseded = RejectionKind(
        107, "already-superseded", "the batch has a correction; correct that one")
    package static let alreadyDeleted = RejectionKind(108, "already-deleted", "the deletion was declared before")
    package static let emptyBatch = RejectionKind(
        109, "empty-batch", "a batch has at least one entry and covers a span of time")
    package static let noBatches = RejectionKind(110, "no-batches", "there is no batch to anchor")

    package static var rejections: [RejectionKind] {
        [
            malformedName, dataSetExists, dataSetUnknown, alreadyAnchored, batchUnknown, notOwner, otherDataSet,
            alreadySuperseded, alreadyDeleted, emptyBatch, noBatches,
        ]
    }

    package static let registered = EventKind<DataSetNotice>(1, "registered", "A data set was registered.")
    package static let anchored = EventKind<BatchAnchor>(2, "anchored", "A batch was anchored.")
    package static let deleted = EventKind<TombstoneNotice>(3, "deleted", "A batch was declared deleted.")

    package static var events: [EventDeclaration] {
        [registered.declaration, anchored.declaration, deleted.declaration]
    }

    package static let register = Method<RegisterDataSet, Nothing>(
        1, "register", "Registers a data set of the calling data provider.", register)
    package static let append = Method<AppendBatches, Nothing>(
        2, "append", "Anchors up to 64 batches of one data set.", append)
    package static let tombstone = Method<DeleteBatch, Nothing>(
        3, "tombstone", "Declares that the content of a batch was deleted; the anchor stays.", tombstone)

    package static var calls: [CallDeclaration] { [register.declaration, append.declaration, tombstone.declaration] }

    package static let batchQuery = Query<Digest, BatchStatus>(
        1, "batch", "A batch with its correction and deletion, if any.", batchStatus)
    package static let batchesQuery = Query<BatchPage, BatchList>(
        2, "batches", "Up to 64 batches of a data set, from a number on.", batchList)

    package static var queries: [CallDeclaration] { [batchQuery.declaration, batchesQuery.declaration] }
}

extension Anchors {
    static func register(_ context: Context, _ request: RegisterDataSet) throws(Rejection) -> Nothing {
        let owner = try context.requirePartner(with: .dataProvider)
        try require(BatchAnchor.isName(request.name) && BatchAnchor.isName(request.schema), malformedName())
        let key = Pair(owner, request.name)
        try require(!dataSets.contains(key, in: context), dataSetExists())
        try dataSets.set(
            key, DataSet(schema: request.schema, created: context.height, batches: 0), in: context)
        try context.emit(registered, DataSetNotice(owner: owner, name: request.name, schema: request.schema))
        return Nothing()
    }

    static func append(_ context: Context, _ request: AppendBatches) throws(Rejection) -> Nothing {
        let owner = try context.requirePartner(with: .dataProvider)
        let key = Pair(owner, request.dataSet)
        guard var dataSet = try dataSets.get(key, in: context) else { throw dataSetUnknown(request.dataSet) }
        try require(!request.batches.isEmpty, noBatches())
        for batch in request.batches {
            try require(batch.count > 0 && batch.from < batch.to, emptyBatch())
            try require(!Directory.batches.contains(batch.digest, in: context), alreadyAnchored(batch.digest.short))
            if let corrected = batch.supersedes {
                try supersede(corrected, by: batch.digest, owner: owner, dataSet: request.dataSet, context)
            }
            let anchor = BatchAnchor(
                digest: batch.digest, root: batch.root, count: batch.count, from: batch.from, to: batch.to,
                schema: dataSet.schema, owner: owner, dataSet: request.dataSet, supersedes: batch.supersedes,
                height: context.height)
            try Directory.batches.set(batch.digest, anchor, in: context)
            try sequence.set(Pair(owner, Pair(request.dataSet, dataSet.batches)), batch.digest, in: context)
            dataSet.batches = try checked(dataSet.batches.adding(1))
            try context.emit(anchored, anchor)
        }
        try dataSets.set(key, dataSet, in: context)
        return Nothing()
    }

    private static func supersede(
        _ corrected: Digest, by correction: Digest, owner: String, dataSet: String, _ context: Context
    ) throws(Rejection) {
        guard let batch = try Directory.batches.get(corrected, in: context) else { throw batchUnknown(corrected.short) }
        try require(batch.owner == owner, notOwner())
        try require(batch.dataSet == dataSet, otherDataSet())
        try require(!corrections.contains(corrected, in: context), alreadySuperseded(corrected.short))
        try corrections.set(corrected, correction, in: context)
    }

    static func tombstone(_ context: Context, _ request: DeleteBatch) throws(Rejection) -> Nothing {
        // One that is no data provider any more may still have its data erased.
        let caller = try context.requirePartner(itselfOr: .dataProvider)
        guard let batch = try Directory.batches.get(request.batch, in: context) else { throw batchUnknown() }
        try require(batch.owner == caller, notOwner())
        try require(!Directory.tombstones.contains(request.batch, in: context), alreadyDeleted())
        let record = Tombstone(reason: request.reason, time: context.time)
        try Directory.tombstones.set(request.batch, record, in: context)
        try context.emit(deleted, TombstoneNotice(batch: request.batch, reason: request.reason))
        return Nothing()
    }

    // MARK: Queries

    static func batchStatus(_ context: Context, _ digest: Digest) throws(Rejection) -> BatchStatus {
        guard let anchor = try Directory.batches.get(digest, in: context) else { throw batchUnknown() }
        return BatchStatus(
            anchor: anchor, correction: try corrections.get(digest, in: context),
            tombstone: try Directory.tombstones.get(digest, in: context))
    }

    static func batchList(_ context: Context, _ page: BatchPage) throws(Rejection) -> BatchList {
        let key = Pair(page.owner, page.dataSet)
        guard let dataSet = try dataSets.get(key, in: context) else { throw dataSetUnknown(page.dataSet) }
        var batches: [BatchAnchor] = []
        var number = page.from
        while number < dataSet.batches, batches.count < BatchList.countMax {
            guard let digest = try sequence.get(Pair(page.owner, Pair(page.dataSet, number)), in: context),
                let anchor = try Directory.batches.get(digest, in: context)
            else { throw HostRejection.malformedState() }
            batches.append(anchor)
            number += 1
        }
        return BatchList(batches: batches)
    }
}
