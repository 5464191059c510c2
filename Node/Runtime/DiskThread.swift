internal import Chain
internal import Foundation
internal import Storage

/// A thread that does one kind of disk work in order, so that the replica never waits for a disk. Work that arrives
/// while the disk is busy is done together.
final class DiskThread<Work: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private var queue: [Work] = []
    private var isClosing = false
    private let ended = DispatchSemaphore(value: 0)

    /// `perform` gets all waiting work in order; when it throws, `failed` is told and nothing more is done.
    init(
        name: String, perform: @escaping @Sendable ([Work]) throws -> Void,
        failed: @escaping @Sendable (any Error) -> Void, closed: @escaping @Sendable () -> Void
    ) {
        let thread = Thread { [self] in
            while let work = next() {
                do {
                    try perform(work)
                } catch {
                    failed(error)
                    break
                }
            }
            closed()
            ended.signal()
        }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    func submit(_ work: Work) {
        condition.withLock {
            queue.append(work)
            condition.signal()
        }
    }

    /// Does what waits, then ends; returns when it has.
    func close() {
        condition.withLock {
            isClosing = true
            condition.signal()
        }
        ended.wait()
        ended.signal()
    }

    private func next() -> [Work]? {
        condition.withLock {
            while queue.isEmpty && !isClosing { condition.wait() }
            if queue.isEmpty { return nil }
            defer { queue = [] }
            return queue
        }
    }
}

/// Work of the journal's thread.
enum JournalWork: Sendable {
    case append(JournalEntry, sync: Bool)
    case prune(UInt64)
    /// The node knows again how far it may have voted.
    case resolveLoss
}

/// Work of the store's thread.
struct StoreWork: Sendable {
    let batch: KeyValueBatch
    let sequence: UInt64
}
