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
}

/// Removes old versions of the state from the store, on the disk's thread: after each checkpoint, in steps of at most
/// `recordsMax` records, each behind whatever else waits for the disk. A step is not synced: what a power cut takes
/// back is removed again.
final class StatePruner: Sendable {
    /// Some ten milliseconds: a checkpoint that comes waits no longer.
    static let recordsMax = 1_024

    private let store: KeyValueStore
    private let disk: WorkThread
    private let leases: StateLeases
    private let serving: ServingLeases
    private let counters: CounterBox
    /// Blocks; nil removes nothing.
    private let retention: UInt64?
    private let isPlanned = NIOLockedValueBox(false)
    /// Of the disk's thread.
    private let cursor = NIOLockedValueBox(StateMaintenance.PruneCursor())

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
        let begin = Clock.monotonicNanoseconds
        do {
            guard let bound = try bound() else { return true }
            let step = try cursor.withLockedValue { cursor in
                try StateMaintenance.prune(store, before: bound, limit: StatePruner.recordsMax, from: &cursor)
            }
            try store.write(step.batch, durable: false)
            let took = (Clock.monotonicNanoseconds - begin) / 1000
            counters.add { counters in
                counters.prunedRecords += UInt64(step.batch.entries.count)
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
