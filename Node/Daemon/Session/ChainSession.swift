internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// A contract refused a transaction: it is final, and changed nothing.
struct ChainRefusal: Error, CustomStringConvertible {
    let what: String
    let rejection: Rejection
    /// Whether its receipt is proved; else all of this is the node's word.
    var isProved = false

    var description: String { "The chain refused \(what): \(rejection.text) (rejection \(rejection.code))." }
}

/// A transaction is proved to have expired without becoming final: it changed nothing, and never will.
struct TransactionExpired: Error, CustomStringConvertible {
    let digest: Digest
    let expiry: Timestamp

    var description: String {
        "Transaction \(digest) did not become final before it expired at \(TimeArgument.second(expiry)). It changed nothing and never will: run the command again."
    }
}

/// Nobody can say whether a transaction was carried out or will be: who sends it again may do it twice.
struct OutcomeUnknown: Error, CustomStringConvertible {
    let digest: Digest
    let expiry: Timestamp
    let why: String

    var description: String {
        """
        It is not known whether transaction \(digest) was carried out: \(why). It can be in a block that is not later than \
        \(TimeArgument.second(expiry)), or still come into one. Do not run the command again before `commonwatt tx status \
        \(digest) --expires \(TimeArgument.second(expiry)) --genesis FILE` says that it is final or expired: with the \
        genesis file that is proved, without it nothing says so.
        """
    }
}

/// Signs and submits transactions of one key, and reads contracts.
struct ChainSession {
    static let lifetimeMilliseconds: UInt64 = 120_000
    /// A transaction that is not final by then is told of, so that whoever waits knows what is pending.
    private static let quietSeconds: UInt32 = 5
    /// Beyond the expiry: the nodes' clocks may differ from this one's, and a last block takes its time.
    private static let graceMilliseconds: UInt64 = 8_000

    let client: NodeClient
    let network: Digest
    let key: Secp256k1.SecretKey
    /// The partner that the key acts for; nil: the one that it belongs to.
    let actor: String?
    /// Height of a final block, proved before anything was signed; nil when nothing is trusted: then `network`, and what
    /// became of a transaction, are the node's word.
    let start: Height?

    init(_ client: NodeClient, _ key: Secp256k1.SecretKey) async throws {
        try await self.init(client, Sender(key: key))
    }

    init(_ client: NodeClient, _ sender: Sender) async throws {
        self.client = client
        key = sender.key
        actor = sender.actor
        network = try await client.network()
        start = try await ChainSession.provedStart(client)
    }

    /// Only spares work later, so a network before its first block has one, too.
    private static func provedStart(_ client: NodeClient) async throws -> Height? {
        guard client.anchor != nil else { return nil }
        do { return try await client.provedHead().height } catch ClientError.noNodeAnswered { return client.floor }
    }

    /// The partner that the key acts for or belongs to; nil when it is no partner's.
    func partner() async throws -> String? {
        if let actor { return actor }
        let record = try await client.value(Directory.keys.stateKey(key.publicKey, at: WellKnown.governance)).value
        return try record.map { try KeyHolder(bcs: $0).partner }
    }

    func transaction(_ calls: [Call]) throws -> Transaction {
        // Whole seconds, so that what is told of it can be given back as it is.
        let end = Timestamp.wallClock.adding(milliseconds: ChainSession.lifetimeMilliseconds + 999)
        let expiry = Timestamp(end.value / 1_000 * 1_000)
        let body = TransactionBody(
            network: network, sender: key.publicKey, actor: actor, expiry: expiry,
            salt: UInt64.random(in: 0...UInt64.max), calls: calls)
        return try Transaction(signing: body, with: key)
    }

    /// Runs the calls as one transaction and waits until it is final. A rejection by a contract is a `ChainRefusal`.
    @discardableResult
    func run(_ calls: [Call], doing what: String) async throws -> TransactionResult {
        let result = try await finish(try transaction(calls))
        if let rejection = result.receipt.rejection {
            throw ChainRefusal(what: what, rejection: rejection, isProved: start != nil)
        }
        return result
    }

    /// Submits and waits until the transaction is final, whatever a contract says, or until it is certain that it never will
    /// be (`TransactionExpired`). Where neither is certain it throws `OutcomeUnknown`. With something trusted both are proved;
    /// without it final is the node's word, and nothing is ever certain not to come.
    func finish(_ transaction: Transaction) async throws -> TransactionResult {
        let (digest, expiry) = (transaction.digest, transaction.body.expiry)
        do {
            let report = try await client.submit(transaction, waitSeconds: ChainSession.quietSeconds)
            if case .final(let result) = report.status, let known = try await settled(result, digest, expiry) {
                return known
            }
        } catch let error as ClientError {
            // A node that refuses says so; one that answers rubbish, or not at all, may have passed it on.
            if case .problem = error {
                if start != nil { tell(ChainSession.refusedByWord(digest, expiry)) }
                throw error
            }
            throw OutcomeUnknown(digest: digest, expiry: expiry, why: "\(error)")
        }
        tell(
            "Sent transaction \(digest); waiting until it is final. It can become final until \(TimeArgument.second(expiry)), also when this command is interrupted: `commonwatt tx status \(digest)` tells."
        )
        while Timestamp.wallClock.value < expiry.value + ChainSession.graceMilliseconds {
            let left = (expiry.value + ChainSession.graceMilliseconds).subtractingReportingOverflow(
                Timestamp.wallClock.value)
            let seconds = left.overflow ? 1 : UInt32(clamping: left.partialValue / 1_000 + 1)
            var status = TransactionStatus.unknown
            // Whatever a node says instead, it may know better before the transaction expires.
            do { status = try await client.status(of: digest, waitSeconds: seconds) } catch is ClientError {}
            if case .final(let result) = status, let known = try await settled(result, digest, expiry) { return known }
            try await Task.sleep(for: .seconds(1))
        }
        return try await decided(digest, expiry)
    }

    private static func refusedByWord(_ digest: Digest, _ expiry: Timestamp) -> String {
        "The node refused transaction \(digest). Should it have passed it on all the same, `commonwatt tx status \(digest) --expires \(TimeArgument.second(expiry))` proves after \(TimeArgument.second(expiry)) what became of it."
    }

    /// Before the expiry: what is not proved now may be in a moment, by a node that has come so far.
    private func settled(
        _ result: TransactionResult, _ digest: Digest, _ expiry: Timestamp
    ) async throws -> TransactionResult? {
        do { return try await confirmed(result, digest, expiry) } catch is OutcomeUnknown { return nil }
    }

    /// What a node says is final, proved when something is trusted.
    private func confirmed(
        _ result: TransactionResult, _ digest: Digest, _ expiry: Timestamp
    ) async throws -> TransactionResult {
        guard start != nil else { return result }
        do {
            return try await client.provedReceipt(of: digest).result
        } catch let error as ClientError {
            throw OutcomeUnknown(
                digest: digest, expiry: expiry, why: "a node says that it is final, and it is not proved (\(error))")
        }
    }

    /// After the expiry. No node's word makes it certain that the transaction is in no block; proofs do.
    private func decided(_ digest: Digest, _ expiry: Timestamp) async throws -> TransactionResult {
        func unknown(_ why: String) -> OutcomeUnknown { OutcomeUnknown(digest: digest, expiry: expiry, why: why) }
        let status: TransactionStatus
        do { status = try await client.status(of: digest) } catch let error as ClientError { throw unknown("\(error)") }
        if case .final(let result) = status { return try await confirmed(result, digest, expiry) }
        guard let start else { throw unknown("no node that was asked says that it is final, and that proves nothing") }
        let outcome: ProvedOutcome
        do {
            outcome = try await client.provedOutcome(of: digest, expiry: expiry, since: start)
        } catch let error as ClientError {
            throw unknown("\(error)")
        }
        switch outcome {
        case .included(let proven): return proven.result
        case .absent: throw TransactionExpired(digest: digest, expiry: expiry)
        case .open(let time):
            throw unknown("the newest final block is of \(TimeArgument.second(time)), so the chain stands still")
        }
    }

    private func tell(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    /// Asks a contract's query.
    func ask<Arguments: ContractValue, Answer: ContractValue>(
        _ query: Query<Arguments, Answer>, of instance: Address, _ arguments: Arguments
    ) async throws -> Answer {
        try Answer(bcs: try await client.query(instance, query.number, arguments: arguments.bcs))
    }
}
