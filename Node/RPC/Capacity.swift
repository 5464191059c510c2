internal import Synchronization

/// Counts what is going on at once and says no at the limit: requests, bytes of bodies, event streams, connections.
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
    private let state = Mutex(State())

    init(max: Int, perClientMax: Int = .max) {
        self.max = max
        self.perClientMax = perClientMax
    }

    var count: Int { state.withLock { $0.total } }

    /// Adds `amount`; nil when there was room.
    func enter(_ client: String = "", amount: Int = 1) -> Refusal? {
        state.withLock { state in
            guard amount <= max - state.total else { return .total }
            guard perClientMax < .max else {
                state.total += amount
                return nil
            }
            let own = state.perClient[client, default: 0]
            guard amount <= perClientMax - own else { return .perClient }
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

/// What one request or stream has of a capacity; given back when this goes away.
final class CapacityShare: Sendable {
    private let capacity: Capacity
    private let client: String
    private let held = Mutex(0)

    init(_ capacity: Capacity, client: String) {
        self.capacity = capacity
        self.client = client
    }

    /// Takes `amount` more; nil when there was room.
    func grow(by amount: Int = 1) -> Capacity.Refusal? {
        let refusal = capacity.enter(client, amount: amount)
        if refusal == nil { held.withLock { $0 += amount } }
        return refusal
    }

    deinit {
        let amount = held.withLock { $0 }
        if amount > 0 { capacity.leave(client, amount: amount) }
    }
}
