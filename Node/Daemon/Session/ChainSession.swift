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

    var description: String { "The chain refused \(what): \(rejection.text) (rejection \(rejection.code))." }
}

/// A transaction expired without becoming final: it changed nothing, and never will.
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
        It is not known whether transaction \(digest) was carried out: \(why). It can still become final, in a block that \
        is not later than \(TimeArgument.second(expiry)). Do not run the command again before `commonwatt tx status \
        \(digest)` says that it is final or expired (--expires \(TimeArgument.second(expiry))).
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

    init(_ client: NodeClient, _ key: Secp256k1.SecretKey) async throws {
        try await self.init(client, Sender(key: key))
    }

    init(_ client: NodeClient, _ sender: Sender) async throws {
        self.client = client
        key = sender.key
        actor = sender.actor
        network = try await client.nodeStatus().network
    }

    /// The partner that the key acts for or belongs to; nil when it is no partner's.
    func partner() async throws -> String? {
        if let actor { return actor }
        let record = try await client.value(Directory.keys.stateKey(key.publicKey, at: WellKnown.governance)).value
        return try record.map { try KeyHolder(bcs: $0).partner }
    }

    func transaction(_ calls: [Call]) throws -> Transaction {
        let expiry = Timestamp.wallClock.adding(milliseconds: ChainSession.lifetimeMilliseconds)
        let body = TransactionBody(
            network: network, sender: key.publicKey, actor: actor, expiry: expiry,
            salt: UInt64.random(in: 0...UInt64.max), calls: calls)
        return try Transaction(signing: body, with: key)
    }

    /// Runs the calls as one transaction and waits until it is final. A rejection by a contract is a `ChainRefusal`.
    @discardableResult
    func run(_ calls: [Call], doing what: String) async throws -> TransactionResult {
        let result = try await finish(try transaction(calls))
        if let rejection = result.receipt.rejection { throw ChainRefusal(what: what, rejection: rejection) }
        return result
    }

    /// Submits and waits until the transaction is final, whatever a contract says, or until it is certain that it never will
    /// be (`TransactionExpired`). Where neither is certain it throws `OutcomeUnknown`.
    func finish(_ transaction: Transaction) async throws -> TransactionResult {
        let (digest, expiry) = (transaction.digest, transaction.body.expiry)
        do {
            let report = try await client.submit(transaction, waitSeconds: ChainSession.quietSeconds)
            if case .final(let result) = report.status { return result }
        } catch ClientError.noNodeAnswered(let failures) {
            throw OutcomeUnknown(digest: digest, expiry: expiry, why: "\(ClientError.noNodeAnswered(failures))")
        }
        tell(
            "Sent transaction \(digest); waiting until it is final. It can become final until \(TimeArgument.second(expiry)), also when this command is interrupted: `commonwatt tx status \(digest)` tells."
        )
        while Timestamp.wallClock.value < expiry.value + ChainSession.graceMilliseconds {
            let left = (expiry.value + ChainSession.graceMilliseconds).subtractingReportingOverflow(
                Timestamp.wallClock.value)
            let seconds = left.overflow ? 1 : UInt32(clamping: left.partialValue / 1_000 + 1)
            do {
                if case .final(let result) = try await client.status(of: digest, waitSeconds: seconds) { return result }
            } catch ClientError.noNodeAnswered {
                // It may be back before the transaction expires.
            }
            try await Task.sleep(for: .seconds(1))
        }
        return try await decided(digest, expiry)
    }

    /// After the expiry: the answer is certain once a later block is final, since no later block takes the transaction.
    private func decided(_ digest: Digest, _ expiry: Timestamp) async throws -> TransactionResult {
        let final: Timestamp
        do {
            final = try await client.nodeStatus().finalTime
            if case .final(let result) = try await client.status(of: digest) { return result }
        } catch let error as ClientError {
            throw OutcomeUnknown(digest: digest, expiry: expiry, why: "\(error)")
        }
        guard final > expiry else {
            throw OutcomeUnknown(
                digest: digest, expiry: expiry,
                why: "the newest final block is of \(TimeArgument.second(final)), so the chain stands still")
        }
        throw TransactionExpired(digest: digest, expiry: expiry)
    }

    private func tell(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    /// Asks a contract's query.
    func ask<Arguments: ContractValue, Answer: ContractValue>(
        _ query: Query<Arguments, Answer>, of instance: Address, _ arguments: Arguments
    ) async throws -> Answer {
        try Answer(bcs: try await client.query(instance, query.number, arguments: arguments.bcs))
    }
}
