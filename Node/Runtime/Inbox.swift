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

/// Something urgent: a peer's message, or an event of the node itself.
struct Arrival: Sendable {
    let event: ReplicaEvent
    /// Transactions that come with it, or that it names, whose signatures were checked.
    var checked: [SignedTransaction] = []
    var credit: ReadCredit?
}

/// What the replica's thread takes at once.
struct InboxBatch {
    var urgent: [Arrival] = []
    var admissions: [Admission] = []
    var failure: StorageError?
    var isStopping = false
}

/// Where all threads leave work for the replica's thread: consensus and everything else that other nodes wait for,
/// ahead of admission. Bounded by the links' read credits and by the count of unanswered submissions.
///
/// Peers take turns, a message each, and so does the node itself: whatever one peer has sent, a vote of another one waits for as many
/// messages as there are peers. What a peer sends stays in its order, its link's coming and going included. So votes
/// need no lane of their own: ahead of them is only what their sender sent before.
final class Inbox: @unchecked Sendable {
    /// Urgent events taken at once: as many steps may wait for one sync of the journal.
    static let urgentMax = 64
    /// Transactions taken into one step, so that consensus never waits long behind them.
    private static let admissionTransactionsMax = 1_024
    /// While more urgent waits than is taken at once, admissions come with each so many batches.
    private static let batchesPerAdmission = 8

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state = State()
    private var isWaiting = false

    fileprivate struct State {
        /// By peer; nil is the node itself.
        var urgent = FairQueue<Digest?, Arrival>()
        /// By peer; nil is this node's clients.
        var admissions = FairQueue<Digest?, Admission>()
        var failure: StorageError?
        var isStopping = false
        var batchesSinceAdmission = 0
    }

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

    private func change(_ body: (inout State) -> Void) {
        pthread_mutex_lock(mutex)
        body(&state)
        let wakes = isWaiting
        isWaiting = false
        pthread_mutex_unlock(mutex)
        if wakes { pthread_cond_signal(condition) }
    }

    /// An event of the node itself.
    func add(_ event: ReplicaEvent) { change { $0.urgent.add(Arrival(event: event), of: nil) } }
    func add(_ arrival: Arrival, of peer: Digest) { change { $0.urgent.add(arrival, of: peer) } }
    func add(_ admission: Admission) { change { $0.admissions.add(admission, of: admission.peer) } }
    func fail(_ error: StorageError) { change { $0.failure = $0.failure ?? error } }
    func stop() { change { $0.isStopping = true } }

    /// Waits for work, at most until `deadline` (monotonic nanoseconds), and takes some of the urgent and, when that is all of it or was
    /// for a while, some of the admissions.
    func take(until deadline: UInt64?) -> InboxBatch {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while state.urgent.isEmpty, state.admissions.isEmpty, state.failure == nil, !state.isStopping {
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
        return state.take()
    }
}

extension Inbox.State {
    fileprivate mutating func take() -> InboxBatch {
        var taken = InboxBatch(failure: failure, isStopping: isStopping)
        while taken.urgent.count < Inbox.urgentMax, let arrival = urgent.next() { taken.urgent.append(arrival) }
        batchesSinceAdmission += 1
        guard urgent.isEmpty || batchesSinceAdmission >= Inbox.batchesPerAdmission else { return taken }
        batchesSinceAdmission = 0
        var count = 0
        while count < Inbox.admissionTransactionsMax, let admission = admissions.next() {
            taken.admissions.append(admission)
            count += admission.transactions.count
        }
        return taken
    }
}
