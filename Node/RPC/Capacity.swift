internal import Synchronization

/// Counts what is going on at once and says no at the limit: requests, bytes of bodies and answers, event streams,
/// connections. Each client has a share, so that none can take all; the programs on the node's own machine are one client,
/// whose share may be another.
///
/// Invariant: every successful `enter` is matched by one `leave`.
final class Capacity: Sendable {
    enum Refusal: Sendable {
        case total
        case perClient
    }

    private struct State {
        var total = 0
        var perClient: [String: Int] = [:]
    }

    private let max: Int
    private let perClientMax: Int
    private let thisMachineMax: Int
    private let state = Mutex(State())

    /// `thisMachineMax` is the share of `ClientAddress.thisMachine`; nil for that of any client.
    init(max: Int, perClientMax: Int = .max, thisMachineMax: Int? = nil) {
        self.max = max
        self.perClientMax = perClientMax
        self.thisMachineMax = thisMachineMax ?? perClientMax
    }

    var count: Int { state.withLock { $0.total } }

    /// Adds `amount`; nil when there was room. With `mayExceed` there is room for any amount as long as less than the limit is
    /// held, so that no single thing is too large for an idle node; what is held is then below the limit and one of them.
    func enter(_ client: String = "", amount: Int = 1, mayExceed: Bool = false) -> Refusal? {
        let share = client == ClientAddress.thisMachine ? thisMachineMax : perClientMax
        return state.withLock { state in
            guard mayExceed ? state.total < max : amount <= max - state.total else { return .total }
            guard share < .max else {
                state.total += amount
                return nil
            }
            let own = state.perClient[client, default: 0]
            guard mayExceed ? own < share : amount <= share - own else { return .perClient }
            state.total += amount
            state.perClient[client] = own + amount
            return nil
        }
    }

    func leave(_ client: String = "", amount: Int = 1) {
        state.withLock { state in
            state.total -= amount
            guard let own = state.perClient[client] else { return }
            state.perClient[client] = own > amount ? own - amount : nil
        }
    }
}

/// What one request, answer or stream has of a capacity; given back when this goes away.
final class CapacityShare: Sendable {
    private let capacity: Capacity
    private let client: String
    private let amount = Mutex(0)

    init(_ capacity: Capacity, client: String) {
        self.capacity = capacity
        self.client = client
    }

    var held: Int { amount.withLock { $0 } }

    /// Takes `amount` more; nil when there was room. `mayExceed` as in `Capacity.enter`.
    func grow(by more: Int = 1, mayExceed: Bool = false) -> Capacity.Refusal? {
        let refusal = capacity.enter(client, amount: more, mayExceed: mayExceed)
        if refusal == nil { amount.withLock { $0 += more } }
        return refusal
    }

    deinit {
        let amount = amount.withLock { $0 }
        if amount > 0 { capacity.leave(client, amount: amount) }
    }
}
