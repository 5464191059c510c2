package import Chain
internal import Consensus
internal import Foundation
internal import Logging
internal import NIOCore
internal import NIOPosix
package import Primitives
package import Replica
internal import Storage
internal import Transport

/// A running node: one replica with its disk, links and clock, for the daemon, the HTTP API and the off-chain modules.
///
/// Threads: the replica's own (`Core`), one event loop for the links, one for slow disk work, a few that check
/// signatures, a few for tasks that take long (`background`). All calls below may come from any thread.
package final class LedgerNode<App: Application>: Sendable {
    package let configuration: NodeConfiguration
    package let application: App
    package let network: Digest
    /// Requests to and from other nodes beside the ledger.
    package let services: PeerServices

    let parts: NodeParts
    let core: Core

    init(
        configuration: NodeConfiguration, application: App, parts: NodeParts, core: Core, services: PeerServices
    ) {
        self.configuration = configuration
        self.application = application
        self.parts = parts
        self.core = core
        self.services = services
        network = configuration.genesis.network
    }

    /// The port for peers, nil when it does not listen.
    package var peerPort: Int? { parts.links?.port }
    /// For tasks that compute or read files for long. Ends with the node.
    package var background: BackgroundExecutor { parts.background }
    /// Name of this node among its peers.
    package var peer: Digest { configuration.transport.peer }

    // MARK: writing

    /// Offers transactions to the pool: one answer per transaction, in order; nil when pooled. Checks the signatures first.
    package func submit(_ transactions: [Transaction]) async throws(NodeFailure) -> [TransactionRefusal?] {
        guard transactions.count <= NodeLimits.submitTransactionsMax else {
            throw .busy("at most \(NodeLimits.submitTransactionsMax) transactions are taken at once")
        }
        if transactions.isEmpty { return [] }
        guard parts.reserve(transactions.count) else {
            throw .busy("\(configuration.limits.pendingTransactionsMax) transactions wait for admission")
        }
        defer { parts.release(transactions.count) }
        // What can be told without it needs no check of a signature.
        let refused = transactions.map(refusalBeforeCheck)
        var checked = await verify(zip(transactions, refused).filter { $0.1 == nil }.map(\.0))[...]
        let signed = refused.map { $0 == nil ? checked.popFirst() ?? nil : nil }
        let good = signed.compactMap { $0 }
        let answers: [TransactionRefusal?] =
            if good.isEmpty {
                []
            } else {
                await withCheckedContinuation { continuation in
                    parts.inbox.add(
                        Admission(
                            peer: nil, transactions: good, answer: { continuation.resume(returning: $0) }, credit: nil))
                    // After the end nobody takes from the inbox.
                    parts.drainIfFinished()
                }
            }
        var rest = answers[...]
        let all = zip(signed, refused).map { signed, refusal -> TransactionRefusal? in
            if let refusal { return refusal }
            return signed == nil ? TransactionRefusal.badSignature : (rest.popFirst() ?? nil)
        }
        parts.counters.add { $0.refused += UInt64(all.count { $0 != nil }) }
        return all
    }

    /// Reasons of the pool that need neither its content nor the state; it has the last word on all.
    private func refusalBeforeCheck(_ transaction: Transaction) -> TransactionRefusal? {
        guard transaction.body.network == network else { return .otherNetwork }
        let now = Clock.now.wall
        return .ofExpiry(transaction.body.expiry, at: now, now: now)
    }

    /// As many signatures as one job has are checked here, on the caller's thread, since the way to another costs more than it spares;
    /// more by the threads for it, so that callers' tasks, whose threads are few, do not wait behind them.
    private func verify(_ transactions: [Transaction]) async -> [SignedTransaction?] {
        let (keys, pool) = (parts.room.keys, parts.pool)
        parts.counters.add { $0.signaturesChecked += UInt64(transactions.count) }
        var signed: [SignedTransaction?] = []
        if transactions.count <= Intake.jobSignaturesMax {
            signed = transactions.map { keys.verify($0) }
        } else {
            let chunks = Intake.parts(transactions)
            signed = await withTaskGroup(of: (Int, [SignedTransaction?]).self) { group in
                for (index, chunk) in chunks.enumerated() {
                    group.addTask { (index, await pool.run(.later, of: nil) { chunk.map { keys.verify($0) } }) }
                }
                var results = [[SignedTransaction?]](repeating: [], count: chunks.count)
                for await (index, result) in group { results[index] = result }
                return results.flatMap { $0 }
            }
        }
        parts.room.enter(signed: signed.compactMap { $0 })
        return signed
    }

    // MARK: reading

    /// The final chain as it is now: blocks, receipts, certificates, locations, state. Take a new one for each answer; a state
    /// older than the newest checkpoint cannot be read.
    package var view: ChainView { parts.hub.view }

    /// The newest final block's view and its state, which is not pruned while the caller holds it.
    package func leasedView() -> (view: ChainView, state: LeasedState) {
        let view = view
        return (view, LeasedState(view.state, leases: parts.leases))
    }

    /// What became of a transaction, at the latest after `milliseconds`, or when the task is cancelled.
    package func outcome(
        of digest: Digest, waitingMilliseconds milliseconds: UInt32
    ) async throws(NodeFailure) -> TransactionOutcome {
        if let known = try final(digest) { return known }
        guard milliseconds > 0 else { return .pending }
        let (hub, begin) = (parts.hub, Clock.monotonicNanoseconds)
        let outcome = try await wait(milliseconds) { done throws(NodeFailure) in
            let id = try hub.await(digest, done: done)
            // It may have become final between the two looks.
            if let known = try? final(digest) { hub.cancel(digest, id, known) }
            return { hub.cancel(digest, id) }
        }
        if case .final = outcome {
            parts.counters.add { $0.finality.add((Clock.monotonicNanoseconds - begin) / 1000) }
        }
        return outcome
    }

    private func final(_ digest: Digest) throws(NodeFailure) -> TransactionOutcome? {
        do throws(StorageFailure) {
            let view = view
            guard let location = try view.location(of: digest), let receipts = try view.receipts(at: location.height),
                let block = try view.block(at: location.height)
            else { return nil }
            let index = receipts.count - block.transactions.count + Int(location.index)
            guard receipts.indices.contains(index) else { return nil }
            return .final(location, receipts[index])
        } catch {
            throw .storage(error)
        }
    }

    /// The newest final height, at the latest after `milliseconds` or when the task is cancelled, sooner when it reaches
    /// `height`.
    package func finalHeight(
        reaching height: Height, waitingMilliseconds milliseconds: UInt32
    ) async throws(NodeFailure) -> Height {
        let now = view.tip.height
        guard now < height, milliseconds > 0 else { return now }
        let hub = parts.hub
        return try await wait(milliseconds) { done throws(NodeFailure) in
            let id = try hub.await(height, done: done)
            return { hub.cancel(height: id) }
        }
    }

    /// Waits for what `begin` has the hub answer, at the latest until the time is over or the task is cancelled: then what
    /// `begin` gave back makes the hub answer, if it has not yet.
    private func wait<Answer: Sendable>(
        _ milliseconds: UInt32,
        _ begin: (@escaping @Sendable (Answer) -> Void) throws(NodeFailure) -> @Sendable () -> Void
    ) async throws(NodeFailure) -> Answer {
        let end = WaitEnd()
        defer { end.disarm() }
        let result: Result<Answer, NodeFailure> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                do throws(NodeFailure) {
                    let cancel = try begin { continuation.resume(returning: .success($0)) }
                    end.arm(parts.loop.scheduleTask(in: .milliseconds(Int64(milliseconds)), cancel), cancel)
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        } onCancel: {
            end.cancel()
        }
        return try result.get()
    }

    /// Blocks that become final from now on, each with its receipts. Buffers a bounded number; a subscriber that does not
    /// keep up gets the error `SubscriptionEnd.tooSlow` at the end of what it was given.
    package func finalBlocks() throws(NodeFailure) -> AsyncThrowingStream<FinalBlock, any Error> {
        try parts.hub.subscribe()
    }

    // MARK: operating

    package func snapshot() async -> NodeSnapshot {
        let transport = await parts.links?.snapshot()
        let page = parts.book.page
        let view = view
        let peers = NodeSnapshot.peers(page, view.validators, transport?.links ?? [])
        let leader =
            view.validators.validators.indices.contains(page.leader)
            ? view.validators.validators[page.leader].partner : "?"
        let refusedBy = transport?.refusedBy ?? []
        let now = Clock.now.wall.milliseconds
        let age = view.tip.height == Height(0) ? nil : now - min(now, view.tip.time.milliseconds)
        let waiting = NodeSnapshot.waiting(
            page, peers, view.validators, own: peer, leader: leader, parameters: configuration.genesis.parameters,
            finalMilliseconds: age)
        let status = page.status ?? parts.firstStatus
        let networkHeight = peers.compactMap(\.height).reduce(view.tip.height, max)
        return NodeSnapshot(
            status: status, tip: view.tip.digest, stateRoot: view.tip.stateRoot, leader: leader, peers: peers,
            networkHeight: networkHeight,
            viewMilliseconds: Clock.monotonicMilliseconds - min(Clock.monotonicMilliseconds, page.viewSince),
            waitingFor: waiting, abstention: NodeSnapshot.abstention(page, networkHeight: networkHeight),
            rules: configuration.rules, refusedBy: peers.filter { refusedBy.contains($0.peer) }.map(\.name),
            halted: page.halted,
            transport: transport?.counters ?? TransportCounters(),
            counters: parts.counters.value)
    }

    /// Totals since the start of the process.
    package var counters: NodeCounters { parts.counters.value }

    /// Replaces the configured peers at run time: addresses of validators, and the full nodes that are allowed.
    package func setPeers(_ peers: [PeerConfiguration]) { parts.setPeers(peers, validators: view.validators) }

    /// Returns when the node has ended: with the reason of a halt, or nil after `stop`.
    package func untilStopped() async -> String? {
        await withCheckedContinuation { continuation in
            core.whenFinished { continuation.resume(returning: $0) }
        }
    }

    /// Finishes the work at hand, makes everything durable and closes the folder; each of several calls returns when that
    /// is done.
    package func stop() async {
        parts.inbox.stop()
        _ = await untilStopped()
        await parts.close()
    }
}
