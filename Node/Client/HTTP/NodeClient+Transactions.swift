package import Chain
internal import NIOHTTP1
package import Primitives

extension NodeClient {
    /// Offers a transaction to a node's pool. With `waitSeconds` returns when it is final or the time is over.
    /// A refusal is `ClientError.problem` with the rejection's code.
    package func submit(_ transaction: Transaction, waitSeconds: UInt32 = 0) async throws -> TransactionReport {
        let wait = min(waitSeconds, configuration.waitSecondsMax)
        var request = NodeRequest("/v1/transactions?wait=\(wait)", waitSeconds: wait)
        request.method = .POST
        request.contentType = NodeRequest.bytes
        request.body = transaction.bytes
        return try await ask(request) { try $0.report(of: transaction.digest) }
    }

    /// Offers many transactions in one request; one outcome each, in order. The node bounds count and size of a batch
    /// (by default 4,096 and 8 MiB).
    package func submit(batch transactions: [Transaction]) async throws -> [Submission] {
        var encoder = BCSEncoder(reserving: transactions.reduce(8) { $0 + $1.bytes.count + 4 })
        encoder.vector(transactions) { $0.blob($1.bytes) }
        var request = NodeRequest("/v1/transactions/batch", accept: NodeRequest.bytes)
        request.method = .POST
        request.contentType = NodeRequest.bytes
        request.body = encoder.bytes
        return try await ask(request) { (answer) -> [Submission] in
            let outcomes: SubmissionOutcomes = try answer.decode()
            guard outcomes.submissions.count == transactions.count else {
                throw ClientError.badAnswer(node: answer.node, "another number of outcomes than transactions")
            }
            return outcomes.submissions
        }
    }

    /// Where a transaction is now, on the word of the node that knows it; `.unknown` when no node that answers does. Unknown
    /// is not expired: see `provedOutcome`. The first node alone is asked to wait.
    package func status(of digest: Digest, waitSeconds: UInt32 = 0) async throws -> TransactionStatus {
        var wait = min(waitSeconds, configuration.waitSecondsMax)
        var isUnknown = false
        do {
            return try await inRounds(passingRefusals: true) { (index) -> TransactionStatus in
                let request = NodeRequest("/v1/transactions/\(digest)?wait=\(wait)", waitSeconds: wait)
                wait = 0
                do {
                    let status = try await ask(request, of: index).report(of: digest).status
                    guard case .unknown = status else { return status }
                } catch ClientError.problem(let report) where report.status == 404 {}
                isUnknown = true
                throw ClientError.badAnswer(node: nodes[index], "it knows no transaction \(digest)")
            }
        } catch is ClientError where isUnknown {
            return .unknown
        }
    }

    /// Waits until the transaction is final, asking again as often as needed.
    package func finality(of digest: Digest, seconds: UInt32) async throws -> TransactionResult {
        let end = ContinuousClock.now + .seconds(Int64(seconds))
        repeat {
            let left = max(0, (end - .now) / .seconds(1))
            let status = try await status(of: digest, waitSeconds: UInt32(left.rounded(.up)))
            if case .final(let result) = status { return result }
            try await Task.sleep(for: .milliseconds(configuration.pauseMilliseconds))
        } while ContinuousClock.now < end
        throw ClientError.notFinal(digest, seconds: seconds)
    }

    /// Submits and waits until it is final. The result's receipt says whether it succeeded.
    package func run(_ transaction: Transaction, seconds: UInt32 = 30) async throws -> TransactionResult {
        let report = try await submit(transaction, waitSeconds: seconds)
        if case .final(let result) = report.status { return result }
        return try await finality(of: transaction.digest, seconds: seconds)
    }

    /// The receipt of a final transaction; that it is under the root of its header is checked.
    package func receipt(of digest: Digest) async throws -> ProvenReceipt {
        let request = NodeRequest("/v1/transactions/\(digest)/receipt")
        return try await ask(request, passingRefusals: true) { (answer) -> ProvenReceipt in
            let proven = try answer.read(.provenReceipt)
            guard proven.receipt.subject == digest, proven.isConsistent else {
                throw ClientError.badAnswer(node: answer.node, "a receipt that is not under its header's root")
            }
            return proven
        }
    }
}

extension NodeAnswer {
    /// What it says of one transaction; a report or receipt of another one is refused.
    fileprivate func report(of digest: Digest) throws(ClientError) -> TransactionReport {
        let report = try read(.transactionReport)
        guard report.digest == digest else { throw .badAnswer(node: node, "the report of another transaction") }
        if case .final(let result) = report.status, result.receipt.subject != digest {
            throw .badAnswer(node: node, "the receipt of another transaction")
        }
        return report
    }
}

extension NodeClient {
    /// Posts bytes to a path that another module added to the nodes' API; the answer's bytes as they are. Only for
    /// requests that may be sent twice.
    package func post(
        _ path: String, _ body: [UInt8], accept: String = "application/json", waitSeconds: UInt32 = 0
    ) async throws -> [UInt8] {
        try await ask(.post(path, body, accept, waitSeconds)).body
    }

    /// Sends what is for the own node alone to the first of the nodes, and to no other. Who makes the request anew for each
    /// try signs each, so that none is a copy of another. Over plain HTTP to this machine only: such requests carry secrets.
    package func postToOwn(
        _ path: String, accept: String = "application/json", waitSeconds: UInt32 = 0,
        _ body: () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        try refuseOpenConnection()
        var failure = ClientError.NodeFailure(node: nodes[0], reason: "")
        var retryAfter: UInt32?
        for round in 0..<max(1, configuration.roundsMax) {
            if round > 0 { try await pause(askedFor: retryAfter) }
            retryAfter = nil
            do {
                return try await ask(.post(path, try await body(), accept, waitSeconds), of: 0).body
            } catch let error as ClientError {
                guard case .problem(let report) = error, report.isWorthAnotherNode else { throw error }
                failure = .init(node: nodes[0], reason: report.detail)
                retryAfter = report.retryAfterSeconds
            } catch let error as CancellationError {
                throw error
            } catch {
                failure = .init(node: nodes[0], reason: NodeClient.words(error))
            }
        }
        throw ClientError.noNodeAnswered([failure])
    }

    /// What the own node, the first one, answers to a GET that comes before such a request. Asked once.
    package func readFromOwn(_ path: String, accept: String) async throws -> [UInt8] {
        try refuseOpenConnection()
        return try await ask(NodeRequest(path, accept: accept), of: 0).body
    }

    private func refuseOpenConnection() throws(ClientError) {
        guard nodes[0].hasPrefix("https://") || NodeClient.isThisMachine(nodes[0]) else {
            throw ClientError.openConnection(nodes[0])
        }
    }

    /// Whether an address of a node names the machine that asks.
    static func isThisMachine(_ node: String) -> Bool {
        guard let scheme = node.firstRange(of: "://") else { return false }
        let authority = node[scheme.upperBound...].prefix { $0 != "/" }
        if authority.hasPrefix("[::1]") { return true }
        let host = authority.prefix { $0 != ":" }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
