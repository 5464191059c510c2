internal import Glibc
internal import Primitives
internal import Replica
internal import Storage
internal import Transport

/// Transactions that wait for admission, with whoever wants to know the answer.
struct Admission: Sendable {
    /// The peer that gossiped them; nil for a client of this node.
    let peer: PeerID?
    let transactions: [SignedTransaction]
    let answer: (@Sendable ([TransactionRefusal?]) -> Void)?
    let credit: ReadCredit?
}

/// What the replica's thread takes at once.
struct InboxBatch {
    var urgent: [(event: ReplicaEvent, credit: ReadCredit?)] = []
    var admissions: [Admission] = []
    var failure: StorageError?
    var isStopping = false
}

/// Where all threads leave work for the replica's thread: consensus and everything else that other nodes wait for,
/// ahead of admission. Bounded by the links' read credits and by the count of unanswered submissions.
final class Inbox: @unchecked Sendable {
    /// Transactions taken into one step, so that consensus never waits long behind them.
    private static let admissionTransactionsMax = 1_024

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var batch = InboxBatch()
    private var firstAdmission = 0
    private var isWaiting = false

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    private func change(_ body: (inout InboxBatch) -> Void) {
        pthread_mutex_lock(mutex)
        body(&batch)
        let wakes = isWaiting
        isWaiting = false
        pthread_mutex_unlock(mutex)
        if wakes { pthread_cond_signal(condition) }
    }

    func add(_ event: ReplicaEvent, _ credit: ReadCredit? = nil) { change { $0.urgent.append((event, credit)) } }
    func add(_ events: [ReplicaEvent], _ credit: ReadCredit?) {
        change { batch in for event in events { batch.urgent.append((event, credit)) } }
    }
    func add(_ admission: Admission) { change { $0.admissions.append(admission) } }
    func fail(_ error: StorageError) { change { $0.failure = $0.failure ?? error } }
    func stop() { change { $0.isStopping = true } }

    /// Waits for work, at most until `deadline` (monotonic nanoseconds), and takes everything urgent with some of the
    /// admissions.
    func take(until deadline: UInt64?) -> InboxBatch {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while batch.urgent.isEmpty, firstAdmission >= batch.admissions.count, batch.failure == nil, !batch.isStopping {
            isWaiting = true
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(
                tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
        }
        isWaiting = false
        var taken = InboxBatch()
        taken.failure = batch.failure
        taken.isStopping = batch.isStopping
        swap(&taken.urgent, &batch.urgent)
        var count = 0
        while firstAdmission < batch.admissions.count, count < Inbox.admissionTransactionsMax {
            let admission = batch.admissions[firstAdmission]
            taken.admissions.append(admission)
            count += admission.transactions.count
            firstAdmission += 1
        }
        if firstAdmission == batch.admissions.count || firstAdmission >= 4096 {
            batch.admissions.removeFirst(firstAdmission)
            firstAdmission = 0
        }
        return taken
    }
}
