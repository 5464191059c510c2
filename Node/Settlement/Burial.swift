internal import Anchors
package import Chain
internal import ContractKit
package import Primitives

/// Declares batches deleted on the chain, `TransactionBody.callsMax` in a transaction. The chain takes a transaction whole or not at
/// all; so where it refuses one, what it has of each of its batches is looked up, and those that it would refuse are left out: one
/// that was declared before, or is another partner's, keeps no other from being declared.
package struct Burial: Sendable {
    /// What the chain has of a batch: the partner that anchored it, and whether that declared it deleted.
    package struct Status: Hashable, Sendable {
        package let owner: String
        package let isDeleted: Bool

        package init(owner: String, isDeleted: Bool) {
            self.owner = owner
            self.isDeleted = isDeleted
        }
    }

    package struct Outcome: Sendable {
        /// Now, or before, in their order.
        package var declared: [Digest] = []
        /// Those that the chain does not let the partner declare deleted, with the reason.
        package var left: [(batch: Digest, reason: String)] = []
    }

    /// Others may declare some of them at the same time: so often is a transaction made anew.
    static let triesMax = 3

    private let partner: String
    private let submit: @Sendable ([Call]) async throws -> Rejection?
    private let status: @Sendable (Digest) async throws -> Status?

    /// For `partner`, in whose name `submit` carries calls out as one transaction; it gives the contract's rejection, nil when
    /// there is none. `status` is nil for what is not anchored.
    package init(
        partner: String, submit: @escaping @Sendable ([Call]) async throws -> Rejection?,
        status: @escaping @Sendable (Digest) async throws -> Status?
    ) {
        self.partner = partner
        self.submit = submit
        self.status = status
    }

    /// Throws a `Rejection` that no look at the batches explains, and what `submit` and `status` throw; what was declared
    /// until then stays declared, and asking again goes on.
    package func declare(_ batches: [Digest], reason: UInt16) async throws -> Outcome {
        var outcome = Outcome()
        for start in stride(from: 0, to: batches.count, by: TransactionBody.callsMax) {
            let chunk = batches[start..<min(start + TransactionBody.callsMax, batches.count)]
            try await declare(Array(chunk), reason, &outcome)
        }
        return outcome
    }

    private func declare(_ chunk: [Digest], _ reason: UInt16, _ outcome: inout Outcome) async throws {
        var open = chunk
        var left: [Digest: String] = [:]
        for attempt in 1...Burial.triesMax where !open.isEmpty {
            let calls = open.map {
                Anchors.tombstone.call(on: WellKnown.anchors, DeleteBatch(batch: $0, reason: reason))
            }
            guard let rejection = try await submit(calls) else { break }
            let before = open.count
            open = try await declarable(open, &left)
            if open.count == before || (attempt == Burial.triesMax && !open.isEmpty) { throw rejection }
        }
        outcome.declared += chunk.filter { left[$0] == nil }
        outcome.left += chunk.compactMap { batch in left[batch].map { (batch, $0) } }
    }

    /// Those that the chain would take, without those that it has already.
    private func declarable(_ batches: [Digest], _ left: inout [Digest: String]) async throws -> [Digest] {
        var open: [Digest] = []
        for batch in batches {
            switch try await status(batch) {
            case nil: left[batch] = "the chain does not name it"
            case let status? where status.owner != partner:
                left[batch] = "it is \(status.owner)'s, who anchored it, to declare deleted"
            case let status? where !status.isDeleted: open.append(batch)
            default: break
            }
        }
        return open
    }
}
