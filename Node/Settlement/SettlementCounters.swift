package import DataLake
internal import Synchronization

/// What this node computed and attested since the start of the process, for its metrics. Thread-safe.
package final class SettlementCounters: Sendable {
    /// For whom something was computed.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// Periods of the own communities, to be attested by others.
        case settler
        /// Periods that a partner asked to attest.
        case attester
    }

    package struct Phase: Hashable, Sendable {
        package let role: Role
        /// `select`, `salts`, `compute` or `store`.
        package let name: String
    }

    package struct Page: Sendable {
        package fileprivate(set) var computed: [Role: UInt64] = [:]
        package fileprivate(set) var seconds: [Phase: Double] = [:]
        package fileprivate(set) var given: UInt64 = 0
        package fileprivate(set) var refused: [LakeRefusal.Reason: UInt64] = [:]
    }

    private let state = Mutex(Page())

    package init() {}

    package var page: Page { state.withLock { $0 } }

    func computed(_ role: Role, _ phases: [(name: String, duration: Duration)]) {
        state.withLock { page in
            page.computed[role, default: 0] += 1
            for phase in phases {
                page.seconds[Phase(role: role, name: phase.name), default: 0] += phase.duration / .seconds(1)
            }
        }
    }

    func attested() { state.withLock { $0.given += 1 } }
    func refused(_ reason: LakeRefusal.Reason) { state.withLock { $0.refused[reason, default: 0] += 1 } }
}
