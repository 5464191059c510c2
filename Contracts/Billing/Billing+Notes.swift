internal import Chain
internal import ContractKit
internal import Primitives

/// A credit note says what went back to the buyer. What a gateway takes back of that did not, and the notes follow: the newest
/// ones first, found by links from each to the one before.
extension Billing {
    /// Credit notes that one reversal corrects at most.
    static let correctedNotesMax = 64

    /// Of a note by which something went back.
    static func link(_ note: CreditNote, _ context: Context) throws(Rejection) {
        if let older = try newestNotes.get(note.invoice, in: context) {
            try olderNotes.set(note.number, older, in: context)
        }
        try newestNotes.set(note.invoice, DocumentNumber(note.number), in: context)
    }

    /// `amount` of what went back to the buyer of an invoice was taken back of it.
    static func correctNotes(of invoice: UInt64, by amount: Amount, _ context: Context) throws(Rejection) {
        var rest = amount
        for _ in 0..<correctedNotesMax {
            guard rest > 0, let newest = try newestNotes.get(invoice, in: context),
                var note = try creditNotes.get(newest.number, in: context)
            else { return }
            let part = min(rest, note.refunded)
            rest -= part
            note.refunded -= part
            note.owed = min(note.owed, note.refunded)
            try creditNotes.set(note.number, note, in: context)
            try context.emit(credited, note)
            guard note.refunded == 0 else { return }
            let older = try olderNotes.get(note.number, in: context)
            try olderNotes.remove(note.number, in: context)
            if let older {
                try newestNotes.set(invoice, older, in: context)
            } else {
                try newestNotes.remove(invoice, in: context)
            }
        }
    }
}
