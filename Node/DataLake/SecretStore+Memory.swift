internal import Primitives
internal import Synchronization

/// Salts that were made from keys hold for one membership only.
struct DerivedName: Hashable, Sendable {
    let settlement: SettlementName
    /// Digest of the community's members.
    let membership: Digest
}

/// The secrets that were read or made last, by what they are of. All of them are forgotten at once, when a key changes.
final class LastSecrets<Name: Hashable & Sendable, Secret: Sendable>: Sendable {
    private struct State {
        /// The latest one last.
        var kept: [(name: Name, secret: Secret)] = []
        var turn = 0
    }

    private let countMax: Int
    private let state = Mutex(State())

    init(countMax: Int) { self.countMax = countMax }

    /// Changes whenever all is forgotten: what was read before must not be kept after.
    var turn: Int { state.withLock { $0.turn } }

    subscript(name: Name) -> Secret? { last { known, _ in known == name } }

    func last(where isWanted: (Name, Secret) -> Bool) -> Secret? {
        state.withLock { state in state.kept.last { isWanted($0.name, $0.secret) }?.secret }
    }

    /// Keeps what was read or made since `turn`.
    func keep(_ secret: Secret, of name: Name, since turn: Int) {
        state.withLock { state in
            guard state.turn == turn else { return }
            state.kept.removeAll { $0.name == name }
            state.kept = (state.kept + [(name, secret)]).suffix(countMax)
        }
    }

    func forget() { state.withLock { $0 = State(turn: $0.turn + 1) } }
}
