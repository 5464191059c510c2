internal import Synchronization

/// Values by key with a cost each; the oldest go when the sum passes the bound.
final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var values: [Key: (value: Value, cost: Int)] = [:]
        /// In order of arrival; `head` is the first that is still there.
        var order: [Key] = []
        var head = 0
        var cost = 0
    }

    private let costMax: Int
    private let state = Mutex(State())

    init(costMax: Int) { self.costMax = costMax }

    subscript(key: Key) -> Value? { state.withLock { $0.values[key]?.value } }

    func keep(_ value: Value, for key: Key, cost: Int) {
        guard cost <= costMax else { return }
        state.withLock { state in
            let before = state.values.updateValue((value, cost), forKey: key)
            if before == nil { state.order.append(key) }
            state.cost += cost - (before?.cost ?? 0)
            while state.cost > costMax, state.head < state.order.count {
                if let gone = state.values.removeValue(forKey: state.order[state.head]) { state.cost -= gone.cost }
                state.head += 1
            }
            if state.head > 4_096, state.head * 2 > state.order.count {
                state.order.removeFirst(state.head)
                state.head = 0
            }
        }
    }
}
