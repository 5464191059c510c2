internal import Chain
internal import NodeClient
internal import Primitives

extension TxCommand {
    /// How what is told of a transaction is known.
    enum Ground {
        /// On the word of a node, and not past the expiry for all that is known; nil: no expiry was given.
        case word(Timestamp?)
        /// Final, proved.
        case proved
        /// Expired, proved: none of the blocks up to this one holds it.
        case expired(Timestamp, BlockHeader)
        /// Not past its expiry in the newest block that was proved, whose time comes second.
        case open(Timestamp, Timestamp)
    }

    struct Outcome: Encodable {
        let transaction: String
        /// `succeeded`, `rejected`, `pending`, `expired` or `unknown`. Expired is never said without proof.
        let state: String
        /// Whether `state` is proved; else it is a node's word.
        let isProved: Bool
        let height: UInt64?
        let rejectionCode: UInt16?
        let rejection: String?
        let workUsed: UInt64?
        let events: Int?
        let outputs: [String]?
        /// What is not known, and what to do; nil when nothing is open.
        let advice: String?

        init(_ digest: Digest, _ status: TransactionStatus, _ ground: Ground) {
            transaction = digest.description
            isProved =
                switch ground {
                case .proved, .expired: true
                case .word, .open: false
                }
            guard case .final(let result) = status else {
                let isExpired = if case .expired = ground { true } else { false }
                state = isExpired ? "expired" : status == .pending ? "pending" : "unknown"
                (height, rejectionCode, rejection, workUsed, events, outputs) = (nil, nil, nil, nil, nil, nil)
                advice = Outcome.advice(ground)
                return
            }
            state = result.receipt.rejection == nil ? "succeeded" : "rejected"
            height = result.height.value
            rejectionCode = result.receipt.rejection?.code
            rejection = result.receipt.rejection?.text
            workUsed = result.receipt.workUsed
            events = result.receipt.events.count
            outputs = result.receipt.outputs.map { Hex.encode($0) }
            advice = nil
        }

        /// For a transaction that no node says is final.
        private static func advice(_ ground: Ground) -> String? {
            switch ground {
            case .proved: nil
            case .expired(let expiry, let header):
                "It changed nothing and never will: no block up to \(header.height) holds it, and later ones are past \(TimeArgument.second(expiry))."
            case .open(let expiry, let time):
                "It can still come: the newest block that was proved is of \(TimeArgument.second(time)), not later than \(TimeArgument.second(expiry)). Do not send it again; ask once more then."
            case .word(nil):
                "Whether it was carried out or can still be is not known: this is the word of the nodes that were asked. Do not send it again; ask with --expires and --genesis, which proves what became of it."
            case .word:
                "Whether it expired is not known: the nodes' word does not show that no block holds it. Do not send it again; ask with --genesis, which proves what became of it."
            }
        }

        var text: String {
            var lines = [
                "transaction  \(transaction)",
                "state        \(state)" + (height.map { ", final in block \($0)" } ?? "")
                    + (isProved ? ", proved" : ", on the node's word"),
            ]
            if let rejection, let rejectionCode {
                lines.append("reason       \(rejection) (rejection \(rejectionCode))")
            }
            if let advice { lines.append("             \(advice)") }
            if let workUsed, let events { lines.append("work         \(workUsed) units, \(events) events") }
            if let outputs, !outputs.isEmpty { lines.append("outputs      \(outputs.joined(separator: ", "))") }
            return lines.joined(separator: "\n")
        }
    }
}
