package import Chain
package import Primitives

extension JSONCoder where Value == Submission {
    /// Flat form: a word, and for a refusal or a full pool what belongs to it.
    package static let submission = JSONCoder<SubmissionForm>.form.map(
        to: { try $0.submission }, from: { SubmissionForm($0) })
}

/// The members of a submission's JSON form.
package struct SubmissionForm: Sendable {
    let outcome: String
    let rejection: Rejection?
    let retryAfterSeconds: UInt32?

    init(outcome: String, rejection: Rejection? = nil, retryAfterSeconds: UInt32? = nil) {
        self.outcome = outcome
        self.rejection = rejection
        self.retryAfterSeconds = retryAfterSeconds
    }

    init(_ submission: Submission) {
        switch submission {
        case .accepted: self.init(outcome: "accepted")
        case .alreadyPending: self.init(outcome: "alreadyPending")
        case .alreadyFinal: self.init(outcome: "alreadyFinal")
        case .refused(let why): self.init(outcome: "refused", rejection: why)
        case .poolFull(let seconds): self.init(outcome: "poolFull", retryAfterSeconds: seconds)
        }
    }

    var submission: Submission {
        get throws {
            switch outcome {
            case "accepted": return .accepted
            case "alreadyPending": return .alreadyPending
            case "alreadyFinal": return .alreadyFinal
            case "poolFull": return .poolFull(retryAfterSeconds: retryAfterSeconds ?? 1)
            default:
                guard let rejection else { throw JSONFailure("a refusal needs its rejection") }
                return .refused(rejection)
            }
        }
    }
}

extension JSONCoder where Value == SubmissionForm {
    static let form = JSONCoder.object(
        "Submission", "What the pool said about one transaction.",
        field(
            "outcome", { $0.outcome },
            .word(["accepted", "alreadyPending", "alreadyFinal", "refused", "poolFull"]),
            "Accepted ones wait for a block; a refused one can never run as it stands."),
        optional("rejection", { $0.rejection }, .rejection, "Why it was refused."),
        optional("retryAfterSeconds", { $0.retryAfterSeconds }, .small, "When the pool is full: send it again then.")
    ) { SubmissionForm(outcome: $0, rejection: $1, retryAfterSeconds: $2) }
}

extension JSONCoder where Value == TransactionResult {
    package static let transactionResult = JSONCoder.object(
        "TransactionResult", "The outcome of a final transaction.",
        field("height", { $0.height }, .counter),
        field("block", { $0.block }, .digest),
        field("time", { $0.time }, .counter, "Time of the block in milliseconds since 1970."),
        derived("timeText", { $0.time.text }, .text(max: 40)),
        field("receipt", { $0.receipt }, .receipt)
    ) { height, block, time, _, receipt in
        TransactionResult(height: height, block: block, time: time, receipt: receipt)
    }
}

/// A transaction's digest with its status: the answer to a submission and to a status request.
package struct TransactionReport: Hashable, Sendable {
    package let digest: Digest
    package let status: TransactionStatus

    package init(digest: Digest, status: TransactionStatus) {
        self.digest = digest
        self.status = status
    }
}

extension JSONCoder where Value == TransactionReport {
    package static let transactionReport = JSONCoder.object(
        "TransactionReport", "Where a transaction is in its life.",
        field("digest", { $0.digest }, .digest),
        field(
            "status", { TransactionReport.word($0.status) }, .word(["unknown", "pending", "final"]),
            "Final ones have a result; whether it succeeded stands in the receipt."),
        optional("result", { TransactionReport.result($0.status) }, .transactionResult)
    ) { digest, word, result in
        switch (word, result) {
        case ("final", let result?): TransactionReport(digest: digest, status: .final(result))
        case ("final", nil): throw JSONFailure("a final transaction needs its result")
        case ("pending", _): TransactionReport(digest: digest, status: .pending)
        default: TransactionReport(digest: digest, status: .unknown)
        }
    }
}

extension TransactionReport {
    fileprivate static func word(_ status: TransactionStatus) -> String {
        switch status {
        case .unknown: "unknown"
        case .pending: "pending"
        case .final: "final"
        }
    }

    fileprivate static func result(_ status: TransactionStatus) -> TransactionResult? {
        if case .final(let result) = status { result } else { nil }
    }
}

extension JSONCoder where Value == Block {
    package static let block = JSONCoder.object(
        "Block", "A final block with its transactions.",
        field("header", { $0.header }, .header),
        field("transactions", { $0.transactions }, JSONCoder<Transaction>.transaction.list(max: Block.transactionsMax))
    ) { header, transactions in
        guard let block = Block(header: header, transactions: transactions) else {
            throw JSONFailure("the transactions are not those of the header")
        }
        return block
    }
}

extension JSONCoder where Value == Finality {
    package static let finality = JSONCoder.object(
        "Finality", "Why a block is final: a certificate over it, or over a descendant with the headers up to it.",
        field("header", { $0.header }, .header),
        field(
            "descendants", { $0.descendants }, JSONCoder<BlockHeader>.header.list(max: Finality.descendantsMax),
            "Children in order up to the block that the certificate names; empty when that is this block."),
        field("certificate", { $0.certificate }, .certificate)
    ) { Finality(header: $0, descendants: $1, certificate: $2) }
}

extension JSONCoder where Value == EpochInfo {
    package static let epochInfo = JSONCoder.object(
        "EpochInfo", "The validators of one epoch.",
        field("epoch", { $0.epoch }, .counter),
        field("firstHeight", { $0.firstHeight }, .counter, "Height of the epoch's first block."),
        derived("quorum", { UInt64($0.validators.quorum) }, .number(), "Signatures that a certificate needs."),
        derived("faultsMax", { UInt64($0.validators.faultsMax) }, .number(), "Faulty validators that are tolerated."),
        derived("digest", { $0.validators.digest }, .digest, "Digest of the set, as headers name it."),
        field("validators", { $0.validators }, .validatorSet)
    ) { epoch, first, _, _, _, validators in
        EpochInfo(epoch: epoch, firstHeight: first, validators: validators)
    }
}

extension JSONCoder where Value == SubmissionOutcomes {
    package static let outcomes = JSONCoder.object(
        "SubmissionOutcomes", "What the pool said about each transaction, in order.",
        field("outcomes", { $0.submissions }, JSONCoder<Submission>.submission.list(max: SubmissionOutcomes.countMax))
    ) { SubmissionOutcomes($0) }
}

extension JSONCoder where Value == ProvenReceipt {
    package static let provenReceipt = JSONCoder.object(
        "ProvenReceipt", "A receipt and the Merkle path (RFC 6962) from it to the receipts root of its block.",
        field("header", { $0.header }, .header),
        field("receipt", { $0.receipt }, .receipt),
        field("index", { $0.index }, .small, "Position among the block's receipts."),
        field("count", { $0.count }, .small, "Receipts in the block."),
        field("path", { $0.path }, JSONCoder<Digest>.digest.list(max: ProvenReceipt.pathMax), "Siblings, leaf first.")
    ) { ProvenReceipt(header: $0, receipt: $1, index: $2, count: $3, path: $4) }
}
