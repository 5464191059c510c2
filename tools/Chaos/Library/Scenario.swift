internal import Foundation

/// One fault: what it does to a running network, and how it ends.
struct Scenario: Sendable {
    /// What the network must do while the fault lasts.
    enum Expectation: String, Codable, Sendable {
        /// A quorum works: transactions become final.
        case goesOn
        /// No quorum: nothing new may become final, and nothing is lost.
        case stands
        /// Either; what is final must be right.
        case either
    }

    let name: String
    /// For the report: what is done to whom.
    let what: String
    var needs: [Capability] = []
    let expects: Expectation
    /// Seconds that the fault lasts, of a usual run; nil: as long as `inject` takes.
    var seconds: Double? = 8
    var prepare: @Sendable (inout World.Plan) -> Void = { _ in }
    /// Begins the fault; with `seconds` nil it also ends it.
    let inject: @Sendable (World, FaultLog) async throws -> Void
    /// Ends the fault: afterwards all four nodes must come back by themselves.
    var heal: @Sendable (World, FaultLog) async throws -> Void = { _, _ in }

    /// Why it cannot run here, nil when it can.
    var lack: String? {
        let all = [Capability.namespaces, .switching] + needs
        return all.lazy.compactMap { capability in capability.lack.map { "\(capability.rawValue): \($0)" } }.first
    }
}

/// What a fault did and saw, in words and with times. Thread-safe.
final class FaultLog: @unchecked Sendable {
    struct Entry: Codable, Sendable {
        /// Monotonic seconds.
        let at: Double
        let text: String
    }

    private let lock = NSLock()
    private var list: [Entry] = []
    private var violations: [String] = []
    let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    func note(_ text: String) { lock.withLock { list.append(Entry(at: Watch.now(), text: text)) } }
    /// Something that must not happen.
    func refuse(_ text: String) {
        lock.withLock {
            list.append(Entry(at: Watch.now(), text: text))
            violations.append(text)
        }
    }
    var entries: [Entry] { lock.withLock { list } }
    var refusals: [String] { lock.withLock { violations } }
}
