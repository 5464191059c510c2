internal import Agreements
internal import Anchors
package import Chain
internal import ContractKit
internal import DataSets
package import Logging
internal import Primitives

/// What a node does for its data sets by itself: erases what is declared deleted, lets go what was never anchored and copies
/// that may not lie here any more, declares its own partner's expired parts deleted, anchors the log of accesses, offers new
/// parts to the partners named.
package struct DataUpkeep: Sendable {
    /// Reason code of a deletion because the retention is over.
    package static let retentionReason: UInt16 = 2
    /// How long a part may wait for its anchor.
    package static let unanchoredMillisecondsMax: UInt64 = 3_600_000
    /// Between two rounds.
    package static let pause = Duration.seconds(20)
    /// All in 16 rounds.
    private static let foldersPerRound = 16

    /// Submits calls as one transaction of this node's partner and waits until it is final; nil when it is not in time.
    package typealias Submit = @Sendable ([Call]) async throws -> Receipt?

    let service: DataService
    private let replication: PartReplication
    private let submit: Submit
    let log: Logger
    private let retries = LogRetries()

    package init(service: DataService, replication: PartReplication, log: Logger, submit: @escaping Submit) {
        self.service = service
        self.replication = replication
        self.submit = submit
        self.log = log
    }

    /// Goes on until the task is cancelled. Copies are offered beside the rest: a partner that is silent keeps nothing waiting
    /// but what is offered after it.
    package func run(pausing pause: Duration = DataUpkeep.pause) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keepUp(pause) }
            group.addTask { await offerCopies(pause) }
        }
    }

    private func keepUp(_ pause: Duration) async {
        var folder: UInt8 = 0
        while !Task.isCancelled {
            await round(&folder)
            try? await Task.sleep(for: pause)
        }
    }

    /// One round of all but the copies. A step that fails is tried again the next time, and does not keep the others from
    /// being done: a log of accesses has a day after its agreement's end, then nobody pays for them.
    func round(_ folder: inout UInt8) async {
        await step("erasing what was deleted") { _ = try sweep() }
        removeOrphans(&folder)
        await step("letting copies go") { try letCopiesGo() }
        await step("declaring expired parts deleted") { try await declareExpired() }
        await step("anchoring accesses") { try await anchorAccesses() }
        await step("removing old accesses") { try pruneAccesses() }
    }

    private func step(_ name: String, _ body: () async throws -> Void) async {
        do { try await body() } catch { log.warning("upkeep of data sets, \(name): \(error)") }
    }

    /// Files without a part, some folders in each round. What cannot be removed holds nothing else up.
    private func removeOrphans(_ folder: inout UInt8) {
        for _ in 0..<DataUpkeep.foldersPerRound {
            do {
                let count = try service.parts.removeOrphans(in: folder)
                if count > 0 { log.notice("\(count) files that belonged to no part were removed") }
            } catch {
                log.warning("files that belong to no part: \(error)")
            }
            folder &+= 1
        }
    }

    /// Erases parts that the chain says are deleted and forgets those that were never anchored; the erased ones.
    @discardableResult
    package func sweep() throws -> [PartEntry] {
        try service.parts.finishErasing()
        let chain = try service.chain()
        let now = service.now()
        var erased: [PartEntry] = []
        for entry in try service.parts.held() {
            // What another partner anchored first is not this part's owner's word.
            let isAnchored = try chain.anchor(entry.digest)?.owner == entry.owner
            if isAnchored { try service.parts.markAnchored(entry.digest) }
            if isAnchored, let tombstone = try chain.tombstone(entry.digest) {
                try service.parts.erase(entry.digest, reason: tombstone.reason, now: now)
                erased.append(entry)
                log.info(
                    "part \(entry.digest.short) of \(entry.owner)/\(entry.dataSet) was erased: its owner deleted it")
            } else if !isAnchored, !entry.isAnchored,
                // By the chain's time: a chain that is behind, as after a lost disk, does not show what was anchored since.
                entry.stored.adding(milliseconds: DataUpkeep.unanchoredMillisecondsMax) < chain.time
            {
                try service.parts.forget(entry.digest)
                log.info("part \(entry.digest.short) was never anchored and is gone")
            }
        }
        return erased
    }

    /// Declares parts of the own partner deleted whose retention is over; erasing follows the chain.
    package func declareExpired() async throws {
        let chain = try service.chain()
        let expired = try service.parts.expired(service.now()).filter { entry in
            guard entry.owner == service.partner else { return false }
            return try chain.anchor(entry.digest)?.owner == entry.owner && chain.tombstone(entry.digest) == nil
        }
        guard !expired.isEmpty else { return }
        let calls = expired.prefix(TransactionBody.callsMax).map {
            Anchors.tombstone.call(
                on: WellKnown.anchors, DeleteBatch(batch: $0.digest, reason: DataUpkeep.retentionReason))
        }
        if let rejection = try await submit(Array(calls))?.rejection {
            log.error("declaring expired parts deleted: \(rejection)")
        }
        _ = try sweep()
    }

    // MARK: accesses

    /// Closes what was served into batches and anchors them. A batch whose fate is not known is looked up in the state
    /// before it is sent again.
    package func anchorAccesses() async throws {
        let chain = try service.chain()
        for (number, dataSet) in try service.accesses.open(before: chain.time) {
            guard let agreement = try chain.read(Directory.agreements, number, of: WellKnown.agreements) else {
                continue
            }
            let logged = try loggedUntil(number, dataSet, chain)
            // An access that the last blocks of an agreement allowed may be logged after its end: it counts, too.
            let last = agreement.until.adding(milliseconds: DataUpkeep.lateMillisecondsMax)
            if chain.time >= agreement.until, chain.time < last { continue }
            // What payment closed in the meantime ends the log: the chain takes no later access.
            let end = min(chain.time, agreement.until, agreement.closed ?? agreement.until)
            _ = try service.accesses.close(
                agreement: number, dataSet: dataSet, from: max(agreement.from, logged ?? agreement.from),
                to: end, countsEnergy: agreement.plan.kind == .perEnergy)
        }
        var open: [AccessLogStore.Batch] = []
        for batch in try service.accesses.pending(limit: LogRetries.pendingMax) {
            let logged = try loggedUntil(batch.log.agreement, batch.log.dataSet, chain)
            if let logged, logged >= batch.log.to {
                try settle(batch, chain)
            } else {
                open.append(batch)
            }
        }
        var held: Set<Pair<UInt64, Digest>> = []
        var sent = 0
        for batch in open where sent < LogRetries.sentMax {
            // In their order: the chain takes no span after a later one of the same agreement and data set.
            let place = Pair(batch.log.agreement, batch.log.dataSet)
            guard !held.contains(place) else { continue }
            if retries.isWaiting(batch.number, service.now()) {
                held.insert(place)
            } else {
                sent += 1
                if try await !anchor(batch) { held.insert(place) }
            }
        }
    }

    /// One transaction each: one that the chain refuses does not hold up those of other agreements and data sets. Whether
    /// its fate is decided.
    private func anchor(_ batch: AccessLogStore.Batch) async throws -> Bool {
        guard let receipt = try await submit([Agreements.logAccess.call(on: WellKnown.agreements, batch.log)]) else {
            return false
        }
        if let rejection = receipt.rejection, !LogRetries.isFinal(rejection) {
            let seconds = retries.refused(batch.number, service.now()) / 1_000
            log.warning("batch \(batch.number) of the access log is sent again in \(seconds) s: \(rejection)")
            return false
        }
        if let rejection = receipt.rejection, rejection.code == Agreements.logOverlaps.code {
            try settle(batch, try service.chain())
        } else if let rejection = receipt.rejection {
            log.error("the chain refuses batch \(batch.number) of the access log: \(rejection)")
            try service.accesses.markRefused(batch.number)
        } else {
            try service.accesses.markAnchored(batch.number)
        }
        retries.decided(batch.number)
        return true
    }

    func loggedUntil(_ agreement: UInt64, _ dataSet: Digest, _ chain: ChainView) throws -> Timestamp? {
        try chain.read(
            Agreements.loggedUntil, Pair(agreement, Pair(dataSet, service.partner)), of: WellKnown.agreements)
    }

    // MARK: copies

    private func offerCopies(_ pause: Duration) async {
        var offered: [Digest: Set<String>] = [:]
        while !Task.isCancelled {
            await step("offering copies") { try await offerParts(&offered) }
            try? await Task.sleep(for: pause)
        }
    }

    /// Offers parts of the own partner to whom the descriptions name by now. A partner that was not there, or had no room,
    /// is asked again; what it refuses otherwise stays refused until this node starts again. One that does not answer is
    /// asked for nothing more in this round: each silence may last minutes.
    func offerParts(_ offered: inout [Digest: Set<String>]) async throws {
        var silent: Set<String> = []
        for entry in try service.parts.held() where entry.owner == service.partner && entry.status == .held {
            if Task.isCancelled { return }
            do {
                // A new view for each: the last answer may have taken its time, and erasing goes on meanwhile.
                guard try service.chain().anchor(entry.digest)?.owner == entry.owner else { continue }
                let skipped = silent.union(offered[entry.digest] ?? [])
                for answer in try await replication.offer(entry.digest, skipping: skipped) {
                    if let refusal = answer.refusal {
                        log.warning("part \(entry.digest.short) is not at \(answer.partner): \(refusal)")
                    }
                    if answer.isSilent { silent.insert(answer.partner) }
                    if !answer.isForNow { offered[entry.digest, default: []].insert(answer.partner) }
                }
            } catch {
                log.warning("part \(entry.digest.short) was not offered: \(error)")
            }
        }
    }
}
