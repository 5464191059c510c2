internal import Chain
internal import Consensus
internal import Foundation
internal import Logging
internal import NIOConcurrencyHelpers
internal import Primitives
internal import Replica
internal import Storage
internal import Transport

/// What the core needs of the rest of the node.
struct CoreSurroundings: Sendable {
    let inbox: Inbox
    let hub: FinalityHub
    let counters: CounterBox
    let book: PeerBook
    let room: WaitingRoom
    let disk: WorkThread
    let store: KeyValueStore
    let pruner: StatePruner
    let serving: ServingLeases
    let logger: Logger
    let send: @Sendable ([OutgoingMessage]) -> Void
    /// The validators changed: links follow.
    let validatorsChanged: @Sendable (ValidatorSet) -> Void
    let evidence: @Sendable (Evidence) -> Void
    /// Closes a peer's link for a while.
    let shun: @Sendable (PeerID, _ reason: String) -> Void
}

/// The one thread that owns the replica and the journal: events in, effects performed, one fdatasync per batch.
///
/// A batch is what urgent waits when the thread comes back from the disk, up to a bound. Its journal records are written together;
/// only then admission work is looked at. Messages leave after every step: the replica itself withholds those
/// that rest on records that are not durable.
final class Core: @unchecked Sendable {
    private var replica: Replica
    private var first: [ReplicaEffect]
    private let journal: Journal
    private let around: CoreSurroundings
    private var entries: [JournalEntry] = []
    private var needsSync = false
    private var outgoing: [OutgoingMessage] = []
    private var finalized: [FinalizedBlock] = []
    /// Monotonic milliseconds.
    private var wake: UInt64?
    private var nextTicket: UInt64 = 0
    private var answers: [UInt64: [TransactionRefusal?]] = [:]
    private var isLossSettled: Bool
    private var haltReason: String?

    /// `effects` are what the replica wanted done when it was opened.
    init(replica: consuming Replica, effects: [ReplicaEffect], journal: Journal, around: CoreSurroundings) {
        around.hub.update(replica.view)
        _ = around.book.update(replica.status, leader: 0)
        self.replica = replica
        first = effects
        self.journal = journal
        self.around = around
        if case .lost = journal.standing { isLossSettled = false } else { isLossSettled = true }
    }

    func start() {
        let thread = Thread { [self] in run() }
        thread.name = "replica"
        thread.stackSize = 16 * 1024 * 1024
        thread.qualityOfService = .userInteractive
        thread.start()
    }

    /// Calls back when the thread has ended, with the reason of a halt or nil after an orderly stop.
    func whenFinished(_ done: @escaping @Sendable (String?) -> Void) {
        let isOver = haltBox.withLockedValue { box in
            if !box.isOver { box.waiters.append(done) }
            return box.isOver
        }
        if isOver { done(haltBox.withLockedValue { $0.reason }) }
    }

    private struct Ending {
        var isOver = false
        var reason: String?
        var waiters: [@Sendable (String?) -> Void] = []
    }
    private let haltBox = NIOLockedValueBox(Ending())

    private func run() {
        perform(first)
        first = []
        publish()
        syncJournal()
        while haltReason == nil {
            let batch = around.inbox.take(until: wake.map { $0 * 1_000_000 })
            if let failure = batch.failure {
                halt(failure.description)
                break
            }
            handle(batch)
            if batch.isStopping { break }
        }
        // An orderly end leaves nothing unsynced.
        if haltReason == nil { syncJournal(all: true) }
        journal.close()
        around.hub.end(haltReason ?? "it was told to")
        let waiters = haltBox.withLockedValue { box in
            box.isOver = true
            box.reason = haltReason
            defer { box.waiters = [] }
            return box.waiters
        }
        for done in waiters { done(haltReason) }
    }

    private func handle(_ batch: InboxBatch) {
        for arrival in batch.urgent where haltReason == nil {
            if !arrival.checked.isEmpty { step(.checked(arrival.checked)) }
            supply(arrival.event)
            step(arrival.event)
        }
        syncJournal()
        if let due = wake, due <= Clock.monotonicMilliseconds, haltReason == nil {
            wake = nil
            step(.tick)
            syncJournal()
        }
        admit(batch.admissions)
        settleLoss()
    }

    /// A proposal may name transactions that are here but wait behind it for admission: they need not be fetched.
    private func supply(_ event: ReplicaEvent) {
        guard case .message(.consensus(.proposal(let proposal), _), _) = event else { return }
        let waiting = around.room.signed(named: proposal.transactions)
        if !waiting.isEmpty { step(.checked(waiting)) }
    }

    /// One step for all transactions of this node's clients, one per peer for gossip.
    private func admit(_ admissions: [Admission]) {
        guard !admissions.isEmpty, haltReason == nil else {
            for admission in admissions {
                admission.answer?(admission.transactions.map { _ in .unavailable("the node has stopped") })
            }
            return
        }
        let own = admissions.filter { $0.peer == nil }
        if !own.isEmpty {
            nextTicket += 1
            let all = own.flatMap(\.transactions)
            step(.submitted(all, ticket: nextTicket))
            var rest = (answers.removeValue(forKey: nextTicket) ?? [])[...]
            around.counters.add { $0.submitted += UInt64(all.count) }
            for admission in own {
                let part = Array(rest.prefix(admission.transactions.count))
                rest = rest.dropFirst(admission.transactions.count)
                admission.answer?(
                    part.count == admission.transactions.count
                        ? part : admission.transactions.map { _ in .unavailable("the node has stopped") })
            }
        }
        for admission in admissions {
            guard let peer = admission.peer, haltReason == nil else { continue }
            around.counters.add { $0.gossiped += UInt64(admission.transactions.count) }
            step(.gossiped(admission.transactions, from: peer))
        }
        around.room.leave(admissions.flatMap { $0.transactions.map(\.digest) })
        syncJournal()
    }

    private func step(_ event: ReplicaEvent) {
        let begin = Clock.monotonicNanoseconds
        do {
            let effects = try replica.step(event, at: Clock.now)
            around.logger.trace(
                "\(begin / 1000 % 100_000_000) µs: \(Trace.text(event)) -> \(effects.map(Trace.text).joined(separator: ", "))"
            )
            perform(effects)
        } catch {
            halt("the store cannot be read: \(error)")
        }
        publish()
        // The checkpoint is stored: states older than it can no longer be read.
        if case .stored = event { around.hub.update(replica.view) }
        let took = (Clock.monotonicNanoseconds - begin) / 1000
        around.counters.add {
            $0.steps += 1
            $0.step.add(took)
        }
    }

    // MARK: effects

    private func perform(_ effects: [ReplicaEffect]) {
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: ReplicaEffect) {
        switch effect {
        case .journal(let bytes, let sequence, let sync):
            entries.append(JournalEntry(sequence: sequence, payload: bytes))
            if sync { needsSync = true }
        case .pruneJournal(let sequence): prune(sequence)
        case .store(let work, let sequence): store(work, sequence)
        case .serve(let read, let peer): around.serve(read, to: peer)
        case .adopted(_, let validators):
            around.hub.publish([], view: replica.view)
            around.validatorsChanged(validators)
        case .send(let message, let peers):
            outgoing.append(OutgoingMessage(channel: 0, bytes: message.bcs, peers: peers))
        case .finalized(let block): finalized.append(block)
        case .answered(let ticket, let refusals): answers[ticket] = refusals
        case .dropped(let dropped):
            around.counters.add { $0.dropped += UInt64(dropped.count) }
            for entry in dropped { around.hub.dropped(entry.digest, entry.reason) }
        case .evidence(let evidence):
            around.counters.add { $0.evidence += 1 }
            around.evidence(evidence)
        case .shun(let peer, let reason): around.shun(peer, reason)
        case .wake(let at): wake = at
        case .note(let note): log(note)
        case .halt(let reason): halt(reason)
        }
    }

    /// After each step: messages leave, final blocks become visible.
    private func publish() {
        if !outgoing.isEmpty {
            around.send(outgoing)
            outgoing.removeAll(keepingCapacity: true)
        }
        let status = replica.status
        let leader = replica.view.validators.leader(of: status.view)
        if let lasted = around.book.update(status, leader: leader) {
            around.logger.debug(
                "view \(status.view) of epoch \(status.epoch) begins after \(lasted) ms, leader \(leader)")
        }
        guard !finalized.isEmpty else { return }
        let blocks = finalized
        finalized.removeAll(keepingCapacity: true)
        around.counters.add { counters in
            counters.finalBlocks += UInt64(blocks.count)
            for block in blocks { counters.finalTransactions += UInt64(block.block.transactions.count) }
        }
        around.hub.publish(blocks, view: replica.view)
        if let closing = blocks.last(where: { $0.block.header.closesEpoch }) {
            around.validatorsChanged(closing.validators)
        }
    }

    /// Makes durable what must be, tells the replica, and again while that brings new records.
    private func syncJournal(all: Bool = false) {
        while haltReason == nil, needsSync || (all && !entries.isEmpty) {
            let group = entries
            entries = []
            needsSync = false
            let begin = Clock.monotonicNanoseconds
            do {
                try journal.append(group)
            } catch {
                return halt("the journal cannot be written: \(error)")
            }
            let took = (Clock.monotonicNanoseconds - begin) / 1000
            around.counters.add { counters in
                counters.journalGroups += 1
                counters.journalRecords += UInt64(group.count)
                counters.journalBytes += UInt64(group.reduce(0) { $0 + $1.payload.count })
                counters.journalSync.add(took)
            }
            if let last = group.last { step(.journaled(upTo: last.sequence)) }
        }
    }

    private func store(_ work: StoreWork, _ sequence: UInt64) {
        let around = around
        around.disk.add {
            let batch: KeyValueBatch
            do throws(StorageFailure) {
                batch = try work.batch()
            } catch {
                return around.inbox.fail(StorageError(.other, "a checkpoint cannot be made: \(error)"))
            }
            do throws(StorageError) {
                try around.store.write(batch, durable: true)
                around.counters.add { $0.storeBatches += 1 }
                around.inbox.add(.stored(upTo: sequence))
                around.pruner.checkpointStored { around.inbox.fail($0) }
            } catch {
                around.inbox.fail(error)
            }
        }
    }

    private func prune(_ sequence: UInt64) {
        do {
            try journal.prune(upTo: sequence)
        } catch {
            return halt("the journal cannot be pruned: \(error)")
        }
        let (spare, inbox) = (journal.spare, around.inbox)
        around.disk.add {
            do throws(StorageError) { try spare.prepare() } catch { inbox.fail(error) }
        }
    }

    /// A lost journal counts as whole again once the consensus knows, durably, how far it may have voted.
    private func settleLoss() {
        guard !isLossSettled, haltReason == nil, replica.journalIsTrusted, !needsSync else { return }
        syncJournal(all: true)
        do {
            try journal.resolveLoss()
            isLossSettled = true
            around.logger.notice("the lost journal is settled: this node votes again")
        } catch {
            halt("the journal cannot be written: \(error)")
        }
    }

    private func log(_ note: ReplicaNote) {
        let level: Logger.Level =
            switch note.level {
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        around.logger.log(level: level, "\(note.text)")
    }

    private func halt(_ reason: String) {
        guard haltReason == nil else { return }
        haltReason = reason
        around.book.halted(reason)
        around.logger.critical("the node halts: \(reason)")
    }
}
