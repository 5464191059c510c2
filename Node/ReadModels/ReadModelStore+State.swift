internal import Chain
internal import Foundation
internal import GRDB
internal import LedgerCrypto
internal import LedgerState
internal import Primitives
internal import Synchronization

extension ReadModelStore {
    /// Makes everything anew from a state, for a node that lacks blocks below it; readers see it when it is whole. What
    /// a state does not say: where a record does not name its block, that of the state stands for the last that wrote it,
    /// and data sets are in the order of their last change. Linear in the entries of the state, those of other contracts
    /// included, which are read `leavesMax` at a time.
    package func fill(from state: ReadModelState, leavesMax: Int = 1_024) async throws {
        let isCancelled = Atomic<Bool>(false)
        try await withTaskCancellationHandler {
            try await database.write { database in
                try ReadModelStore.makeTables(database, network)
                let tables = RecordTables(
                    database: database, height: RecordTables.number(state.header.height.value))
                var after: Digest?
                while true {
                    let leaves = try state.leaves(after, leavesMax)
                    for leaf in leaves { try StateRecordReader.take(leaf, into: tables) }
                    guard leaves.count >= leavesMax, let last = leaves.last else { break }
                    after = SHA256.hash(last.key)
                    if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
                }
                try ReadModelStore.finish(database, tables.height)
                let dataSets = try Row.fetchCursor(database, sql: "SELECT * FROM dataSet ORDER BY place")
                while let row = try dataSets.next() { try Catalogue.index(row, documents, database) }
                let header = state.header
                try ReadModelStore.write(
                    Position(
                        height: header.height, block: header.digest, time: header.time, first: header.height.next),
                    database)
            }
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
    }

    /// What needs all records: the order of data sets and parts, and which part corrects which.
    private static func finish(_ database: Database, _ height: Int64) throws {
        try database.execute(
            sql: """
                CREATE TEMPORARY TABLE turn (old INTEGER PRIMARY KEY NOT NULL, new INTEGER NOT NULL);
                INSERT INTO turn SELECT place, row_number() OVER (ORDER BY height, id) FROM dataSet;
                UPDATE dataSet SET place = -(SELECT new FROM turn WHERE old = place);
                UPDATE dataSet SET place = -place;
                DELETE FROM turn;
                INSERT INTO turn SELECT place, row_number() OVER (ORDER BY height, partner, anchor, first, digest) FROM part;
                UPDATE part SET place = -(SELECT new FROM turn WHERE old = place);
                UPDATE part SET place = -place;
                DROP TABLE turn;
                UPDATE part SET correction = later.digest FROM part AS later WHERE later.supersedes = part.digest;
                """)
        // Until here it was the time of their last change.
        try database.execute(sql: "UPDATE dataSet SET height = ?", arguments: [height])
    }
}
