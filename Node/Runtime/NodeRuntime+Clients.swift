package import Chain
package import Primitives
package import Replica
package import Transport

/// A node's condition for people and metrics.
package struct RuntimeStatus: Sendable {
    package let replica: ReplicaStatus
    package let validators: ValidatorSet
    /// Own index in the current set, nil when it does not vote.
    package let validatorIndex: Int?
    /// Linked peers, ascending.
    package let connected: [PeerID]
    /// Validators without a link to this node, by partner.
    package let missing: [String]
    package let halted: String?
    package let counters: RuntimeCounters
    package let pendingTransactions: Int
    package let mailbox: Int

    /// Whether the linked validators and this node make a quorum.
    package var hasQuorum: Bool { validators.count - missing.count >= validators.quorum }
}

extension NodeRuntime {
    /// Checks signatures on the workers, then offers the transactions to the pool. One entry per transaction, in order:
    /// nil when it is pooled.
    package func submit(_ transactions: [Transaction]) async -> [TransactionRefusal?] {
        if transactions.isEmpty { return [] }
        guard tickets.reserve(transactions.count, max: configuration.limits.submissionsMax) else {
            return transactions.map { _ in
                .unavailable("too many transactions are being checked; try again in a moment")
            }
        }
        defer { tickets.release(transactions.count) }
        let checked = await withCheckedContinuation { continuation in
            workers.map(transactions) {
                SignedTransaction(verifying: $0)
            } done: {
                continuation.resume(returning: $0)
            }
        }
        let good = checked.compactMap { $0 }
        let answer = await withCheckedContinuation { continuation in
            tickets.wait(continuation) { [self] ticket in
                mailbox.post(.event(.submitted(good, ticket: ticket)), isUrgent: transactions.count == 1)
            }
        }
        let pooled = zip(good, answer ?? []).filter { $0.1 == nil }.map(\.0.digest)
        tracker.begin(pooled)
        var answers = (answer ?? good.map { _ in .unavailable("the node is stopping") })[...]
        let all = checked.map {
            $0 == nil ? .badSignature : (answers.popFirst() ?? .unavailable("the node is stopping"))
        }
        counters.withLockedValue { counters in
            counters.submitted += UInt64(all.count)
            counters.refused += UInt64(all.count { $0 != nil })
        }
        return all
    }

    /// The final chain as it is now. Take a new one for every request: states older than the newest checkpoint cannot be
    /// read for long.
    package var view: ChainView { published.withLockedValue { $0.view } }

    /// Where a final transaction is, with its receipt; nil when it is not final here.
    package func final(_ digest: Digest) throws(StorageFailure) -> FinalTransaction? {
        let view = view
        guard let location = try view.location(of: digest), let header = try view.header(at: location.height),
            let block = try view.block(at: location.height), let receipts = try view.receipts(at: location.height)
        else { return nil }
        let index = receipts.count - block.transactions.count + Int(location.index)
        guard receipts.indices.contains(index) else {
            throw StorageFailure("block \(location.height) has no receipt for its transaction \(location.index)")
        }
        return FinalTransaction(
            location: TransactionPlace(
                height: header.height, block: header.digest, time: header.time, index: Int(location.index)),
            receipt: receipts[index])
    }

    /// Whether one of this node's clients submitted it and it is neither final nor dropped yet.
    package func isPending(_ digest: Digest) -> Bool { tracker.isPending(digest) }

    /// Returns as soon as the transaction is final here; nil when it was dropped or `milliseconds` are over.
    package func waitUntilFinal(_ digest: Digest, milliseconds: UInt32) async throws(StorageFailure)
        -> FinalTransaction?
    {
        if let final = try final(digest) { return final }
        return await tracker.wait(digest, milliseconds: milliseconds) { [self] in try? final(digest) }
    }

    /// Returns when the height is final here, or after `milliseconds`; the newest final height.
    package func waitUntil(_ height: Height, milliseconds: UInt32) async -> Height {
        if view.tip.height < height { await tracker.wait(for: height, milliseconds: milliseconds) }
        return view.tip.height
    }

    package var status: RuntimeStatus {
        let now = published.withLockedValue { $0 }
        let validators = now.view.validators
        let own = configuration.consensusKey.flatMap { validators.index(of: $0.publicKey) }
        let linked = Set(now.connected)
        let missing = validators.validators.filter { !linked.contains($0.transportKey) && $0.transportKey != peer }
        let halted: String? = if case .halted(let why) = outcome.withLockedValue({ $0 }) { why } else { nil }
        return RuntimeStatus(
            replica: now.status, validators: validators, validatorIndex: own, connected: now.connected,
            missing: missing.map(\.partner), halted: halted, counters: counters.withLockedValue { $0 },
            pendingTransactions: tracker.pendingCount, mailbox: mailbox.waiting)
    }

    /// Links and their counters.
    package func transport() async -> TransportSnapshot? { await network?.snapshot() }

    /// The port that the node listens on for peers.
    package var peerPort: Int? { network?.port }
}
