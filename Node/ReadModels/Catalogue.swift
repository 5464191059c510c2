internal import Agreements
internal import ContractKit
internal import Encodings
internal import Foundation
internal import GRDB
internal import LedgerCrypto
internal import Primitives

/// The document that a data set's description names by digest: JSON with a title, a description and keywords. Texts that
/// are anything else are kept and given out all the same; only search does not know their words.
package struct DataSetText: Hashable, Sendable {
    package static let titleCharactersMax = 200
    package static let descriptionCharactersMax = 16_384
    package static let keywordsMax = 64

    package let title: String
    package let description: String
    package let keywords: [String]

    package init?(document bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), json.members != nil else { return nil }
        title = String((json["title"]?.text ?? "").prefix(DataSetText.titleCharactersMax))
        description = String((json["description"]?.text ?? "").prefix(DataSetText.descriptionCharactersMax))
        keywords = (json["keywords"]?.elements ?? []).prefix(DataSetText.keywordsMax).compactMap(\.text)
    }
}

/// The full-text index over data sets: one row for each that is on the market.
enum Catalogue {
    /// Writes the index row of a data set anew.
    static func index(_ row: Row, _ documents: ReadModelStore.Documents, _ database: Database) throws {
        guard let place: Int64 = row["place"], let record: Data = row["record"] else { return }
        try database.execute(sql: "DELETE FROM catalogue WHERE rowid = ?", arguments: [place])
        let dataSet: SharedDataSet
        do { dataSet = try SharedDataSet(bcs: [UInt8](record)) } catch {
            throw ReadModelError.unreadable("data set \(place): \(error)")
        }
        guard !dataSet.isWithdrawn else { return }
        let text = documents(dataSet.description.text).flatMap { DataSetText(document: $0) }
        let about = dataSet.description
        let facts: [String] =
            [
                "\(about.origin)", "\(about.type)", "\(about.sharingClass)", "\(about.sovereignty)", "\(about.privacy)",
                "\(about.velocity)", "\(about.authority)", dataSet.location.partner,
            ] + about.purposes.names + about.countries.map(\.text)
        try database.execute(
            sql: "INSERT INTO catalogue (rowid, name, title, description, keywords, facts) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                place, dataSet.name, text?.title ?? "", text?.description ?? "",
                (text?.keywords ?? []).joined(separator: " "), facts.joined(separator: " "),
            ])
    }

    /// Words of a search as FTS5 wants them: each one a quoted prefix, all of them needed. Operators are not passed on.
    static func expression(_ search: String) -> String? {
        let words = search.split { !$0.isLetter && !$0.isNumber }.prefix(16)
        return words.isEmpty ? nil : words.map { "\"\($0)\"*" }.joined(separator: " ")
    }
}
