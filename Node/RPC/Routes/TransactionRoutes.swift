internal import Chain
internal import NodeClient
internal import Primitives

/// Submitting transactions and following them.
struct TransactionRoutes: RouteModule {
    let service: any NodeService
    let configuration: APIConfiguration
    let limits: APILimits

    let tag = "Transactions"
    let tagDescription = "Submit signed transactions, alone or many at once, and follow them until they are final."

    private let wait = CommonParameters.wait

    var endpoints: [Endpoint] { [submit, submitBatch, status, receipt] }

    private struct OneForm: Sendable {
        let bytes: [UInt8]
        static let coder = JSONCoder<OneForm>.object(
            "TransactionSubmission", "One signed transaction.", closed: true,
            field("transaction", { $0.bytes }, .hex(1...Transaction.byteCountMax), "BCS(body), then the signature.")
        ) { OneForm(bytes: $0) }
    }

    private struct ManyForm: Sendable {
        let transactions: [[UInt8]]
        static func coder(max: Int) -> JSONCoder<ManyForm> {
            .object(
                "BatchSubmission", "Signed transactions, judged one by one.", closed: true,
                field(
                    "transactions", { $0.transactions },
                    JSONCoder<[UInt8]>.hex(1...Transaction.byteCountMax).list(max: max))
            ) { ManyForm(transactions: $0) }
        }
    }

    private var submit: Endpoint {
        Endpoint(
            .post, "/v1/transactions", operation: "submitTransaction", summary: "Submit a signed transaction",
            details: "With `wait` the answer comes when the transaction is final, or when the time is over.",
            parameters: [wait.declaration],
            body: Endpoint.Body(
                [.bytes("BCS(body), then 64 bytes of signature."), .json(OneForm.coder.schema)],
                bytesMax: 2 * Transaction.byteCountMax + 1_024),
            answers: [
                Endpoint.Answer(200, "It is final.", [.json(JSONCoder<TransactionReport>.transactionReport.schema)]),
                Endpoint.Answer(
                    202, "It is in the pool, not final yet.",
                    [.json(JSONCoder<TransactionReport>.transactionReport.schema)]),
            ],
            problems: [.refused, .undecodable]
        ) { request in
            let bytes = request.hasJSONBody ? try request.json(OneForm.coder).bytes : request.body
            let transaction = try decode(bytes)
            try judge(try await service.submit([transaction]).first)
            return try await report(transaction.digest, waitSeconds: configuration.waitSeconds(request))
        }
    }

    private func decode(_ bytes: [UInt8]) throws(Problem) -> Transaction {
        do {
            return try Transaction(bytes: bytes)
        } catch {
            throw Problem(.undecodable, "These bytes are not a transaction: \(error).")
        }
    }

    private func judge(_ submission: Submission?) throws(Problem) {
        switch submission {
        case .accepted, .alreadyPending, .alreadyFinal: return
        case .refused(let why):
            throw Problem(why)
        case .poolFull(let seconds):
            throw Problem(.busy, "The pool of waiting transactions is full. Send it again later.")
                .retrying(afterSeconds: seconds)
        case nil:
            throw Problem(.internalFailure, "The node gave no answer for the transaction. Send it to another node.")
        }
    }

    private func report(_ digest: Digest, waitSeconds: UInt32) async throws -> APIAnswer {
        let milliseconds = waitSeconds * 1_000
        let status =
            waitSeconds == 0
            ? try await service.transactionStatus(digest)
            : try await service.transactionStatus(digest, waitingMilliseconds: milliseconds)
        // A node that just took it into its pool may have dropped it again by now; it was accepted all the same.
        let shown: TransactionStatus = if case .unknown = status { .pending } else { status }
        let isFinal = if case .final = shown { true } else { false }
        return APIAnswer.json(
            TransactionReport(digest: digest, status: shown), .transactionReport, status: isFinal ? 200 : 202
        ).uncached
    }

    private var submitBatch: Endpoint {
        let form = ManyForm.coder(max: configuration.batchTransactionsMax)
        return Endpoint(
            .post, "/v1/transactions/batch", operation: "submitTransactions", summary: "Submit many transactions",
            details: "One outcome per transaction, in order. Bytes that are no transaction count as refused (code 0).",
            body: Endpoint.Body(
                [.bytes("BCS vector of byte vectors, each a transaction."), .json(form.schema)],
                bytesMax: configuration.batchBytesMax),
            answers: [
                Endpoint.Answer(
                    200, "Outcomes, in the order of the transactions.",
                    [
                        .json(JSONCoder<SubmissionOutcomes>.outcomes.schema),
                        .bytes(
                            "BCS vector of outcomes: a tag (accepted 0, alreadyPending 1, alreadyFinal 2, refused 3 "
                                + "with its rejection, poolFull 4 with u32 seconds)."),
                    ])
            ],
            problems: [.undecodable]
        ) { request in
            let blobs =
                request.hasJSONBody ? try request.json(form).transactions : try blobs(request.body)
            let units = blobs.map { SignaturePrice.units(of: $0) }
            try charge(units.reduce(0, +), request)
            let outcomes = SubmissionOutcomes(try await submit(blobs))
            chargeRefused(zip(outcomes.submissions, units), request)
            return request.wantsBytes ? .bytes(outcomes.bcs) : .json(outcomes, .outcomes)
        }
    }

    private func blobs(_ body: [UInt8]) throws(Problem) -> [[UInt8]] {
        do {
            var decoder = BCSDecoder(body)
            let blobs = try decoder.vector(max: configuration.batchTransactionsMax) {
                (decoder: inout BCSDecoder) throws(BCSError) in try decoder.blob(max: Transaction.byteCountMax)
            }
            try decoder.finish()
            return blobs
        } catch {
            throw Problem(.undecodable, "The body is not a BCS vector of transactions: \(error).")
        }
    }

    // A batch costs as much as it makes the node work, before anything is checked; the request itself has already paid for
    // one token.
    private func charge(_ units: Int, _ request: APIRequest) throws(Problem) {
        let cost = UInt32(clamping: units / SignaturePrice.unitsPerToken)
        guard cost > 0, let refusal = limits.rate?.take(cost, from: request.client, now: .now) else { return }
        throw refusal.problem(
            "This address submits more than the node allows.", mayClose: !configuration.trustsForwardedFor)
    }

    /// A transaction that is refused was checked in vain, at some hundred times the price of one that is taken: the next
    /// requests of this address wait for it.
    private func chargeRefused(_ outcomes: Zip2Sequence<[Submission], [Int]>, _ request: APIRequest) {
        let refused = outcomes.reduce(0) { sum, each in if case .refused = each.0 { sum + each.1 } else { sum } }
        if refused > 0 { limits.rate?.chargeVain(Double(refused), from: request.client, now: .now) }
    }

    /// Offers what decodes to the pool, and puts the outcomes back in the order of the input.
    private func submit(_ blobs: [[UInt8]]) async throws -> [Submission] {
        var outcomes: [Submission] = []
        var wellFormed: [Transaction] = []
        var places: [Int] = []
        for blob in blobs {
            do {
                wellFormed.append(try Transaction(bytes: blob))
                places.append(outcomes.count)
                outcomes.append(.poolFull(retryAfterSeconds: 1))
            } catch {
                let why = "These bytes are not a transaction: \(error)."
                outcomes.append(.refused(Rejection(PoolRejection.malformed, why)))
            }
        }
        if wellFormed.isEmpty { return outcomes }
        for (place, outcome) in zip(places, try await service.submit(wellFormed)) { outcomes[place] = outcome }
        return outcomes
    }

    private var status: Endpoint {
        Endpoint(
            .get, "/v1/transactions/{digest}", operation: "getTransaction", summary: "Status of a transaction",
            details: "With `wait` the answer comes when the transaction is final, or when the time is over.",
            parameters: [CommonParameters.digest.declaration, wait.declaration],
            answers: [
                Endpoint.Answer(
                    200, "Pending or final; the receipt says whether it succeeded.",
                    [.json(JSONCoder<TransactionReport>.transactionReport.schema)])
            ],
            problems: [.notFound, .pruned]
        ) { request in
            let digest = try request.value(CommonParameters.digest)
            let milliseconds = configuration.waitSeconds(request) * 1_000
            let status = try await service.transactionStatus(digest, waitingMilliseconds: milliseconds)
            if case .unknown = status { throw unknown(digest) }
            return APIAnswer.json(TransactionReport(digest: digest, status: status), .transactionReport).uncached
        }
    }

    private func unknown(_ digest: Digest) -> Problem {
        Problem(
            .notFound,
            "This node knows no transaction \(digest). It was never sent here, or expired before it was included.")
    }

    private var receipt: Endpoint {
        Endpoint(
            .get, "/v1/transactions/{digest}/receipt", operation: "getReceipt",
            summary: "Receipt of a final transaction, with its proof",
            details: "The Merkle path leads from the receipt to the header's receiptsRoot (RFC 6962 tree).",
            parameters: [CommonParameters.digest.declaration],
            answers: [
                Endpoint.Answer(200, "The receipt.", [.json(JSONCoder<ProvenReceipt>.provenReceipt.schema)]),
                .notModified,
            ],
            problems: [.notFound, .pruned]
        ) { request in
            let digest = try request.value(CommonParameters.digest)
            guard case .final(let result) = try await service.transactionStatus(digest),
                let final = try await service.block(.height(result.height)),
                let proven = ProvenReceipt(of: digest, in: final)
            else { throw unknown(digest) }
            return APIAnswer.json(proven, .provenReceipt).immutable(tag: digest.description)
        }
    }
}
