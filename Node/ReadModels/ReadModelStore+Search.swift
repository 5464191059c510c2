internal import Foundation
internal import GRDB
internal import Primitives

/// A data set that a search found.
package struct DataSetHit: Hashable, Sendable {
    package let entry: ReadModelEntry
    /// From its document; empty when this node has it not.
    package let title: String
    /// Words around what was found, in the text of the document.
    package let excerpt: String
}

extension ReadModelStore {
    /// How far a search can be paged.
    package static let searchOffsetMax = 10_000
    /// Data sets that one search compares: as many as can be paged through. When more have its words, those that came to
    /// the market last are compared.
    package static let searchRankedMax = searchOffsetMax + pageMax

    /// Data sets on the market that have all words of `text`, or words that begin with them; the best first. A word that
    /// nearly all of them have is looked up in their index, and not weighed in each of them: see `searchRankedMax`.
    package func search(
        _ text: String, offset: Int = 0, limit: Int = 50, rankedMax: Int = searchRankedMax
    ) throws(ReadModelError) -> [DataSetHit] {
        guard let expression = Catalogue.expression(text) else { throw .emptySearch }
        let limit = min(max(1, limit), ReadModelStore.pageMax)
        let offset = min(max(0, offset), ReadModelStore.searchOffsetMax)
        return try ReadModelStore.attempt {
            try database.read { database in
                let places = try ReadModelStore.ranked(expression, limit, offset, max(1, rankedMax), database)
                return try ReadModelStore.hits(places, expression, database)
            }
        }
    }

    /// Places of a page, the best first.
    private static func ranked(
        _ expression: String, _ limit: Int, _ offset: Int, _ rankedMax: Int, _ database: Database
    ) throws -> [Int64] {
        let first = try Int64.fetchOne(
            database,
            sql: "SELECT rowid FROM catalogue WHERE catalogue MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?",
            arguments: [expression, rankedMax - 1])
        return try Int64.fetchAll(
            database,
            sql: """
                SELECT rowid FROM catalogue WHERE catalogue MATCH ? AND rowid >= ?
                ORDER BY bm25(catalogue, 6.0, 10.0, 1.0, 4.0, 1.0), rowid LIMIT ? OFFSET ?
                """, arguments: [expression, first ?? 0, limit, offset])
    }

    /// Titles and excerpts of these data sets only, in their order.
    private static func hits(_ places: [Int64], _ expression: String, _ database: Database) throws -> [DataSetHit] {
        guard let least = places.min(), let greatest = places.max() else { return [] }
        // The sign keeps SQLite from looking each row up by a search of its own.
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT dataSet.place AS at, dataSet.record AS record, dataSet.height AS height, found.title AS title,
                    found.excerpt AS excerpt
                FROM (
                    SELECT rowid AS place, title, snippet(catalogue, 2, '', '', '…', 24) AS excerpt
                    FROM catalogue WHERE catalogue MATCH ? AND rowid BETWEEN ? AND ?
                        AND +rowid IN (\(places.map(String.init).joined(separator: ",")))
                ) AS found JOIN dataSet ON dataSet.place = found.place
                """, arguments: [expression, least, greatest])
        var hits: [Int64: DataSetHit] = [:]
        for row in rows {
            guard let place: Int64 = row["at"], let entry = ReadModelEntry(row: row) else { continue }
            hits[place] = DataSetHit(entry: entry, title: row["title"] ?? "", excerpt: row["excerpt"] ?? "")
        }
        return places.compactMap { hits[$0] }
    }
}
