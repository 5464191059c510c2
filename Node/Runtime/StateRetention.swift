internal import Chain
internal import LedgerState
internal import NIOConcurrencyHelpers
internal import Primitives
internal import Replica
internal import Storage

/// How many blocks of states stay readable.
package enum StateRetention {
    /// Below the newest checkpoint. Room for readers that hold no lease and for peers that fetch a state.
    package static let blocksMin: UInt64 = 256
    package static let blocksUsual: UInt64 = 1_024

    /// How many blocks more than are kept may wait to be removed: a quarter. What is removed lies in old tables, among what
    /// stays, so that they are merged again; few removals of much cost less of that than many of little.
    package static func slack(_ blocks: UInt64) -> UInt64 { max(1, blocks / 4) }
}

/// Removes old versions of the state from the store, on the disk's thread: when `StateRetention.slack` blocks of them have
/// gathered, all of these, in steps of about `recordsMax` records, each behind whatever else waits for the disk. A
/// step is durable before the next one, which the order of removal rests on (`StateMaintenance.prune`); what a crash
/// leaves undone is done with the next ones.
final class StatePruner: Sendable {
    /// Some ten milliseconds: a checkpoint that comes waits no longer.
    static let recordsMax = 2_048

    private let store: KeyValueStore
    private let disk: WorkThread
    private let leases: StateLeases
    private let serving: ServingLeases
    private let counters: CounterBox
    /// Blocks; nil removes nothing.
    private let retention: UInt64?
    private let isPlanned = NIOLockedValueBox(false)
    /// Of the disk's thread.
    private let progress = NIOLockedValueBox(Progress())

    private struct Progress {
        /// Kept from burst to burst: a store walks over what was removed.
        var cursor = StateMaintenance.PruneCursor()
        /// The version below which states are being removed; nil between bursts.
        var bound: Height?
        /// That of the last whole burst: nothing older is stored.
        var oldest: Height?
    }

    init(
        store: KeyValueStore, disk: WorkThread, leases: StateLeases, serving: ServingLeases, counters: CounterBox,
        retention: UInt64?
    ) {
        self.store = store
        self.disk = disk
        self.leases = leases
        self.serving = serving
        self.counters = counters
        self.retention = retention
    }

    /// A checkpoint is on the disk. `failed` is called when the store cannot be read or written.
    func checkpointStored(failed: @escaping @Sendable (StorageError) -> Void) {
        guard retention != nil,
            isPlanned.withLockedValue({ planned in
                defer { planned = true }
                return !planned
            })
        else { return }
        plan(failed)
    }

    private func plan(_ failed: @escaping @Sendable (StorageError) -> Void) {
        disk.add { [self] in
            do throws(StorageError) {
                guard try step() else { return plan(failed) }
                isPlanned.withLockedValue { $0 = false }
            } catch {
                failed(error)
            }
        }
    }

    /// True when there is nothing more to remove.
    private func step() throws(StorageError) -> Bool {
        let began = Clock.monotonicNanoseconds
        do {
            var progress = progress.withLockedValue { $0 }
            guard let bound = try progress.bound ?? dueBound(progress.oldest) else { return true }
            let step = try StateMaintenance.prune(
                store, before: bound, limit: StatePruner.recordsMax, from: &progress.cursor)
            if !step.batch.isEmpty { try store.write(step.batch, durable: true) }
            (progress.bound, progress.oldest) = step.isComplete ? (nil, bound) : (bound, progress.oldest)
            self.progress.withLockedValue { [progress] in $0 = progress }
            let took = (Clock.monotonicNanoseconds - began) / 1000
            counters.add { counters in
                counters.prunedRecords += UInt64(step.batch.count)
                counters.prunedBelow = max(counters.prunedBelow, bound.value)
                if !step.batch.isEmpty { counters.pruneStep.add(took) }
            }
            return step.isComplete
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.other, "old states cannot be pruned: \(error)")
        }
    }

    /// Below what states are to be removed, once enough of them are there; `oldest` as far as it is known.
    private func dueBound(_ oldest: Height?) throws(StorageFailure) -> Height? {
        let known = if let oldest { oldest } else { try StateSnapshot.oldestStored(store) }
        guard let retention, let oldest = known, let bound = try bound(),
            bound >= oldest.advanced(by: StateRetention.slack(retention))
        else { return nil }
        return bound
    }

    /// The stored version that stays, with all above it; nil when nothing may go.
    private func bound() throws(StorageFailure) -> Height? {
        guard let retention, let newest = try StateSnapshot.newestStored(store, atMost: Height(.max)),
            newest.value > retention
        else { return nil }
        let wanted = Height(newest.value - retention)
        let held = [leases.oldest, serving.oldest(at: Clock.monotonicMilliseconds)].compactMap { $0 }.min()
        return try StateSnapshot.newestStored(store, atMost: min(wanted, held ?? wanted))
    }
}
