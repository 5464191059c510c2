package import DataSets
internal import Foundation
internal import GRDB
package import Primitives

/// A part as the lake lists it.
package struct PartEntry: Hashable, Sendable {
    package let digest: Digest
    package let owner: String
    package let dataSet: String
    package let zone: DataZone
    package let mediaType: String
    /// First time, and the end after the last one.
    package let from: Timestamp
    package let to: Timestamp
    package let byteCount: UInt64
    package let rows: UInt64
    package let status: BatchEntry.Status
    /// The owner's reason code of an erased one.
    package let reason: UInt16?
    /// When this lake stored it.
    package let stored: Timestamp
    /// When the retention that its owner chose is over.
    package let keepUntil: Timestamp?
    /// When this lake erased it.
    package let erased: Timestamp?
    /// Whether the chain was seen to name it as its owner's.
    package let isAnchored: Bool
}

extension PartEntry {
    static let table = """
        CREATE TABLE part (
            digest BLOB PRIMARY KEY NOT NULL, owner TEXT NOT NULL, dataSet TEXT NOT NULL, zone INTEGER NOT NULL,
            mediaType TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, byteCount INTEGER NOT NULL,
            rowCount INTEGER NOT NULL, status INTEGER NOT NULL, reason INTEGER, stored INTEGER NOT NULL,
            keepUntil INTEGER, erased INTEGER
        ) WITHOUT ROWID;
        CREATE INDEX partByDataSet ON part (owner, dataSet, first, digest);
        CREATE INDEX partByRetention ON part (keepUntil) WHERE status = 0 AND keepUntil IS NOT NULL;
        """

    init?(row: Row) {
        func time(_ column: String) -> Timestamp? { (row[column] as Int64?).map { Timestamp(UInt64(clamping: $0)) } }
        guard let digest = Digest(row["digest"] as Data? ?? Data()), let owner: String = row["owner"],
            let dataSet: String = row["dataSet"], let zone: Int64 = row["zone"],
            let mediaType: String = row["mediaType"],
            let from = time("first"), let to = time("last"), let bytes: Int64 = row["byteCount"],
            let rows: Int64 = row["rowCount"], let status: Int64 = row["status"], let stored = time("stored")
        else { return nil }
        self.init(
            digest: digest, owner: owner, dataSet: dataSet,
            zone: DataZone(rawValue: UInt8(clamping: zone)) ?? .harmonised, mediaType: mediaType, from: from, to: to,
            byteCount: UInt64(clamping: bytes), rows: UInt64(clamping: rows),
            status: BatchEntry.Status(column: status),
            reason: (row["reason"] as Int64?).map { UInt16(clamping: $0) }, stored: stored,
            keepUntil: time("keepUntil"), erased: time("erased"), isAnchored: row["isAnchored"] == Int64(1))
    }

    var arguments: StatementArguments {
        [
            SQL.blob(digest), owner, dataSet, Int64(zone.rawValue), mediaType, SQL.integer(from), SQL.integer(to),
            Int64(clamping: byteCount), Int64(clamping: rows), status.rawValue, reason.map { Int64($0) },
            SQL.integer(stored), keepUntil.map(SQL.integer), erased.map(SQL.integer),
        ]
    }
}
