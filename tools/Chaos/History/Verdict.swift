/// What a history breaks, in words, by the promise that is broken.
package struct Violation: Hashable, Sendable, Codable {
    package enum Promise: String, Hashable, Sendable, Codable, CaseIterable {
        /// The history is too small to say anything.
        case somethingHappened
        case oneChain
        case nothingDoubled
        case nothingLost
        case acknowledgedWhereItSays
        case stateIsReplay
        case readsAreReplay
        case realTimeOrder
        case minimumHeightKept
        case monotoneReads
    }

    package let promise: Promise
    package let text: String

    package init(_ promise: Promise, _ text: String) {
        self.promise = promise
        self.text = text
    }
}

/// The checker's answer. It holds when there is no violation.
package struct Verdict: Sendable, Codable {
    /// Of each promise at most so many violations are kept.
    package static let violationsMax = 8

    package var nodes = 0
    package var blocks = 0
    package var writes = 0
    package var acknowledged = 0
    /// Neither acknowledged nor on the chain.
    package var vanished = 0
    /// Never acknowledged, but on the chain once.
    package var finalUnseen = 0
    package var reads = 0
    package var verifiedReads = 0
    package private(set) var violations: [Violation] = []
    private var counts: [Violation.Promise: Int] = [:]

    package var holds: Bool { violations.isEmpty }

    /// How often a promise was broken.
    package func count(_ promise: Violation.Promise) -> Int { counts[promise] ?? 0 }

    mutating func refuse(_ promise: Violation.Promise, _ text: String) {
        counts[promise, default: 0] += 1
        if count(promise) <= Verdict.violationsMax { violations.append(Violation(promise, text)) }
    }

    package init() {}

    package var words: String {
        let seen =
            "\(acknowledged) of \(writes) writes acknowledged (\(finalUnseen) final unseen, \(vanished) never final), "
            + "\(reads) reads (\(verifiedReads) verified), \(blocks) blocks on \(nodes) nodes"
        if holds { return "holds: \(seen)" }
        return "BROKEN: " + violations.map { "\($0.promise.rawValue): \($0.text)" }.joined(separator: "; ")
            + " (\(seen))"
    }
}
