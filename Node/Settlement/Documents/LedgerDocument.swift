internal import Agreements
internal import Billing
package import Chain
internal import ContractKit
package import Foundation
package import LightClient
package import Primitives

/// An invoice, receipt, credit note or agreement as a file that anyone checks with the genesis alone: the ledger's record,
/// its proof, and the same record in words.
package struct LedgerDocument: Codable, Hashable, Sendable {
    package static let formatName = "commonwatt/document/1"
    /// Bound of a file.
    package static let byteCountMax = 16 * 1024 * 1024

    package enum Kind: String, Codable, Sendable, CaseIterable {
        case invoice
        case receipt
        case creditNote = "credit-note"
        case agreement
    }

    package var format: String
    /// Network id: SHA-256 of the genesis.
    package var network: String
    package var kind: Kind
    package var number: UInt64
    /// The record in words; the verifier makes them anew and compares.
    package var fields: [String: String]
    /// Of the record's state key.
    package var proof: ProofBundleDocument

    /// State key of the record.
    package static func key(_ kind: Kind, _ number: UInt64) -> [UInt8] {
        switch kind {
        case .invoice: Billing.invoices.stateKey(number, at: WellKnown.billing)
        case .receipt: Billing.receipts.stateKey(number, at: WellKnown.billing)
        case .creditNote: Billing.creditNotes.stateKey(number, at: WellKnown.billing)
        case .agreement: Directory.agreements.stateKey(number, at: WellKnown.agreements)
        }
    }

    /// Nil when the bundle proves no such record. The bundle is not verified here.
    package init?(_ kind: Kind, _ number: UInt64, proof: ProofBundle) throws {
        guard let value = proof.entries.first(where: { $0.key == LedgerDocument.key(kind, number) })?.value else {
            return nil
        }
        format = LedgerDocument.formatName
        network = proof.header.network.description
        self.kind = kind
        self.number = number
        fields = try LedgerDocument.fields(kind, value)
        self.proof = ProofBundleDocument(proof)
    }

    package init(json: Data) throws {
        guard json.count <= LedgerDocument.byteCountMax else { throw LedgerDocumentError("the file is too large") }
        let document = try JSONDecoder().decode(LedgerDocument.self, from: json)
        guard document.format == LedgerDocument.formatName else {
            throw LedgerDocumentError("its format is '\(document.format)', not \(LedgerDocument.formatName)")
        }
        // One text for one document, so that one changed byte is always noticed.
        guard try document.json() == json else {
            throw LedgerDocumentError("the file is not in the one form of such documents")
        }
        self = document
    }

    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Whether a file says that it is such a document; cheap, and no verdict.
    package static func claims(_ json: Data) -> Bool {
        struct Head: Decodable { let format: String }
        return (try? JSONDecoder().decode(Head.self, from: json))?.format == formatName
    }
}

package struct LedgerDocumentError: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension LedgerDocument {
    /// What a right document says, and as of when.
    package struct Verdict: Hashable, Sendable {
        package let height: UInt64
        /// Block time, milliseconds since 1970.
        package let time: UInt64
    }

    /// Checks everything offline, from the genesis; throws what is wrong.
    package func verify(genesis: Genesis, now: Timestamp) throws -> Verdict {
        guard network == genesis.network.description else { throw LedgerDocumentError("it is of another network") }
        let bundle = try proof.bundle()
        guard ProofBundleDocument(bundle) == proof else { throw LedgerDocumentError("the proof was changed") }
        let verified = try bundle.verify(from: TrustAnchor(genesis), now: now, ageMillisecondsMax: .max)
        guard verified.entries.count == 1, let entry = verified.entry(LedgerDocument.key(kind, number)) else {
            throw LedgerDocumentError("the proof is about something else than \(kind.rawValue) \(number)")
        }
        guard let value = entry.value else {
            throw LedgerDocumentError("the ledger has no \(kind.rawValue) \(number)")
        }
        let right = try LedgerDocument.fields(kind, value)
        for name in Set(right.keys).union(fields.keys).sorted() where right[name] != fields[name] {
            throw LedgerDocumentError(
                "'\(name)' is '\(fields[name] ?? "missing")', but the ledger has '\(right[name] ?? "no such field")'")
        }
        return Verdict(height: verified.header.height.value, time: verified.header.time.value)
    }
}
