internal import Chain
internal import LedgerCrypto
internal import Primitives

/// What execution wrote, for an operator who compares two nodes: the first line that differs shows the cause.
enum WriteSet {
    static let linesMax = 512

    static func describe(_ result: ExecutionResult) -> String {
        var lines = ["this node's write set (\(result.changes.count) changes, \(result.receipts.count) receipts):"]
        for change in result.changes.prefix(linesMax) {
            let value = change.value.map { "\($0.count) bytes, SHA-256 \(SHA256.hash($0).short)" } ?? "removed"
            lines.append("  \(Hex.encode(change.key)): \(value)")
        }
        for (index, receipt) in result.receipts.prefix(linesMax).enumerated() {
            let outcome = receipt.rejection.map(\.description) ?? "done, \(receipt.events.count) events"
            lines.append("  receipt \(index) of \(receipt.subject.short): \(outcome), work \(receipt.workUsed)")
        }
        if let next = result.nextValidators { lines.append("  next validator set \(next.digest.short)") }
        return lines.joined(separator: "\n")
    }
}
