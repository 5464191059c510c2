internal import Foundation
internal import Storage

/// Carries a value that only one thread uses at a time into that thread.
private struct Handover<Value>: @unchecked Sendable {
    let value: Value
}

extension NodeRuntime {
    /// Appends what waits as one group with one sync, then reports. Records that nothing waits for stay until a later
    /// record needs a sync.
    func journalThread(_ disk: NodeDisk) -> DiskThread<JournalWork> {
        let journal = Handover(value: disk.journal)
        let held = Handover(value: HeldRecords())
        return DiskThread(
            name: "journal",
            perform: { [self] work in
                var needsSync = false
                for one in work {
                    switch one {
                    case .append(let entry, let sync):
                        held.value.records.append(entry)
                        needsSync = needsSync || sync
                    case .prune(let sequence):
                        // Only what the disk has may be given up, and it is older than what is held.
                        try journal.value.prune(upTo: sequence)
                    case .resolveLoss: try journal.value.resolveLoss()
                    }
                }
                guard needsSync, let last = held.value.records.last?.sequence else { return }
                let began = Clock.monotonicMicroseconds()
                try journal.value.append(held.value.records)
                let bytes = held.value.records.reduce(0) { $0 + $1.payload.count }
                held.value.records = []
                let took = Clock.monotonicMicroseconds() - began
                counters.withLockedValue { $0.countSync(bytes: bytes, microseconds: took) }
                mailbox.post(.event(.journaled(upTo: last)), isUrgent: true)
            },
            failed: { [self] error in
                halt(
                    "the journal in \(configuration.folder) cannot be written: \(error). Votes that are not durable must not be sent."
                )
            },
            closed: { journal.value.close() })
    }

    func storeThread(_ disk: NodeDisk) -> DiskThread<StoreWork> {
        let store = disk.store
        return DiskThread(
            name: "store",
            perform: { [self] work in
                for one in work {
                    try store.write(one.batch, durable: true)
                    counters.withLockedValue { $0.storeBatches += 1 }
                    mailbox.post(.event(.stored(upTo: one.sequence)), isUrgent: true)
                }
            },
            failed: { [self] error in
                halt(
                    "the store in \(configuration.folder) cannot be written: \(error). Free space or mend the disk, then start again."
                )
            },
            closed: {})
    }

    private final class HeldRecords {
        var records: [JournalEntry] = []
    }
}
