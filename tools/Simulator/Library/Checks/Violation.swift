/// A broken promise: the run stops at it.
package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Promise: String, Hashable, Sendable, CaseIterable {
        case agreement, ancestry, certificates, doubleVote = "no double vote", roots = "identical roots"
        case acknowledged = "no acknowledged transaction lost or doubled", conservation, progress, patience, evidence,
            shunning = "no honest node shunned", liveness =
            "no honest node halts", formats
    }

    package let promise: Promise
    package let text: String

    package init(_ promise: Promise, _ text: String) {
        self.promise = promise
        self.text = text
    }

    package var description: String { "\(promise.rawValue): \(text)" }
}
