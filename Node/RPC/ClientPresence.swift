internal import NIOCore
internal import Synchronization

/// Whether the client of a connection is still there: work that can be given up is, when it has gone. A client that has
/// ended its side of the connection counts as gone, for nobody could tell it from one that closed both.
final class ClientPresence: Sendable {
    private struct State {
        var isGone = false
        /// At most one, since the requests of a connection are answered one after the other.
        var whenGone: (@Sendable () -> Void)?
        /// What answers have of a capacity whose last bytes the kernel has not taken yet, in their order.
        var unsent: [CapacityShare] = []
    }

    private let state = Mutex(State())

    /// The client has gone. What is in work ends.
    func end() {
        let told = state.withLock { state in
            state.isGone = true
            defer { state.whenGone = nil }
            return state.whenGone
        }
        told?()
    }

    /// An answer goes out: what it has of a capacity is held until the kernel has taken its end, or the connection is closed.
    func hold(_ share: CapacityShare) { state.withLock { $0.unsent.append(share) } }

    /// The kernel has taken the end of the first answer that goes out.
    func sent() { state.withLock { if !$0.unsent.isEmpty { $0.unsent.removeFirst() } } }

    /// The connection is closed.
    func close() {
        end()
        state.withLock { $0.unsent = [] }
    }

    /// Runs `work`, and cancels it when the client goes, or has gone.
    func whileThere<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        let isGone = state.withLock { state in
            if !state.isGone { state.whenGone = { task.cancel() } }
            return state.isGone
        }
        if isGone { task.cancel() }
        defer { state.withLock { $0.whenGone = nil } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// The presences of all open connections. A connection's guard knows of its client, requests come with their channel only.
final class ClientPresences: Sendable {
    private let open = Mutex<[ObjectIdentifier: ClientPresence]>([:])

    func add(_ presence: ClientPresence, of channel: any Channel) {
        open.withLock { $0[ObjectIdentifier(channel)] = presence }
    }

    func remove(_ channel: any Channel) { open.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) } }

    func of(_ channel: any Channel) -> ClientPresence? { open.withLock { $0[ObjectIdentifier(channel)] } }
}
