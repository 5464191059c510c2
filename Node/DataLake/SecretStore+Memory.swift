internal import Chain
internal import Primitives
internal import Synchronization
internal import Trading

/// One version of a period.
struct SettlementName: Hashable, Sendable {
    let community: Address
    let period: PeriodNumber
    let version: UInt32
}

/// The salts that were used last: partners ask for them part by part. Forgotten when any key is destroyed.
final class LastSalts: Sendable {
    private static let countMax = 4

    private struct State {
        var lists: [(name: SettlementName, entries: [SaltList.Entry])] = []
        var turn = 0
    }

    private let state = Mutex(State())

    /// Changes whenever all is forgotten: what was read before must not be kept after.
    var turn: Int { state.withLock { $0.turn } }

    subscript(name: SettlementName) -> [SaltList.Entry]? {
        state.withLock { state in state.lists.last { $0.name == name }?.entries }
    }

    func keep(_ entries: [SaltList.Entry], _ name: SettlementName, _ turn: Int) {
        state.withLock { state in
            guard state.turn == turn else { return }
            state.lists.removeAll { $0.name == name }
            state.lists = (state.lists + [(name, entries)]).suffix(LastSalts.countMax)
        }
    }

    func forget() { state.withLock { $0 = State(turn: $0.turn + 1) } }
}

/// Keys of the community that was settled last; forgotten when any key is set or destroyed.
final class KeyRing: Sendable {
    private struct State {
        var community: Address?
        var keys: [MemberNumber: Digest] = [:]
        var turn = 0
    }

    private let state = Mutex(State())

    var turn: Int { state.withLock { $0.turn } }

    subscript(community: Address) -> [MemberNumber: Digest]? {
        state.withLock { $0.community == community ? $0.keys : nil }
    }

    func keep(_ keys: [MemberNumber: Digest], of community: Address, _ turn: Int) {
        state.withLock { if $0.turn == turn { ($0.community, $0.keys) = (community, keys) } }
    }

    func forget() { state.withLock { $0 = State(turn: $0.turn + 1) } }
}

/// Salts that were made from keys and are not stored, of the periods that were asked for last. They hold for one membership
/// only; forgotten when any key is set or destroyed.
final class DerivedSalts: Sendable {
    private static let countMax = 4

    private struct Made {
        let name: SettlementName
        let membership: Digest
        let salts: SaltList
    }

    private struct State {
        var lists: [Made] = []
        var turn = 0
    }

    private let state = Mutex(State())

    var turn: Int { state.withLock { $0.turn } }

    subscript(name: SettlementName, membership: Digest) -> SaltList? {
        state.withLock { $0.lists.last { $0.name == name && $0.membership == membership }?.salts }
    }

    /// Those of exactly these members, whatever the membership's digest.
    subscript(name: SettlementName, of members: [MemberNumber]) -> SaltList? {
        state.withLock { state in
            state.lists.last { $0.name == name && $0.salts.members.lazy.map(\.member).elementsEqual(members) }?.salts
        }
    }

    func keep(_ salts: SaltList, _ name: SettlementName, _ membership: Digest, _ turn: Int) {
        state.withLock { state in
            guard state.turn == turn else { return }
            state.lists.removeAll { $0.name == name && $0.membership == membership }
            state.lists = (state.lists + [Made(name: name, membership: membership, salts: salts)]).suffix(
                DerivedSalts.countMax)
        }
    }

    func forget() { state.withLock { $0 = State(turn: $0.turn + 1) } }
}
