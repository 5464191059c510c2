package import Agreements
internal import Anchors
package import ContractKit
package import Primitives

/// The state records that decide a read, from wherever they are read: the node's state, or a proof. One rule for both
/// sides: `AccessRule` of the Agreements contract.
package struct AccessState: Hashable, Sendable {
    package let records: AccessRecords
    package let anchor: BatchAnchor?
    package let tombstone: Tombstone?
    /// The part that corrects this one.
    package let correction: Digest?

    /// Why nothing may be served, beside what `AccessRule` says.
    package enum Hindrance: Error, Hashable, Sendable, CustomStringConvertible {
        case refused(AccessRefusal)
        case notAnchored
        case otherDataSet
        case deleted(Tombstone)

        package var description: String {
            switch self {
            case .refused(let refusal): refusal.text
            case .notAnchored: "the chain has no anchor of this part"
            case .otherDataSet: "the part belongs to another data set than the one asked for"
            case .deleted: "the owner declared this part deleted"
            }
        }
    }

    /// State keys in order: those of `AccessRule`, then anchor, deletion and correction of the part.
    package static func keys(_ question: AccessQuestion, owners: [Digest], part: Digest) -> [[UInt8]] {
        AccessRule.keys(question, owners: owners) + [
            Directory.batches.stateKey(part, at: WellKnown.anchors),
            Directory.tombstones.stateKey(part, at: WellKnown.anchors),
            Anchors.corrections.stateKey(part, at: WellKnown.anchors),
        ]
    }

    /// Reads the records; `value` gives the bytes under a key, nil where the state has none, and throws where it cannot
    /// say. Also gives the keys that were read.
    package static func read(
        _ question: AccessQuestion, part: Digest, _ value: ([UInt8]) throws -> [UInt8]?
    ) throws -> (state: AccessState, keys: [[UInt8]]) {
        func record<Record: BCSDecodable>(_ key: [UInt8]) throws -> Record? {
            try value(key).map { try Record(bcs: $0) }
        }
        let dataSet: SharedDataSet? = try record(
            Agreements.dataSets.stateKey(question.dataSet, at: WellKnown.agreements))
        let owners = dataSet?.description.owners ?? []
        let state = AccessState(
            records: AccessRecords(
                account: try record(Directory.accounts.stateKey(question.user, at: WellKnown.accounts)),
                dataSet: dataSet,
                agreement: try question.agreement.flatMap {
                    try record(Directory.agreements.stateKey($0, at: WellKnown.agreements))
                },
                consents: try owners.map { owner in
                    try record(Agreements.consents.stateKey(Pair(question.dataSet, owner), at: WellKnown.agreements))
                }),
            anchor: try record(Directory.batches.stateKey(part, at: WellKnown.anchors)),
            tombstone: try record(Directory.tombstones.stateKey(part, at: WellKnown.anchors)),
            correction: try value(Anchors.corrections.stateKey(part, at: WellKnown.anchors)).map { try Digest(bcs: $0) }
        )
        return (state, keys(question, owners: owners, part: part))
    }

    /// Nil when the part may be read at `time`.
    package func hindrance(_ question: AccessQuestion, at time: Timestamp) -> Hindrance? {
        if let refusal = AccessRule.refusal(question, records, at: time) { return .refused(refusal) }
        guard let anchor, let dataSet = records.dataSet else { return .notAnchored }
        guard anchor.owner == dataSet.location.partner, anchor.dataSet == dataSet.location.anchor else {
            return .otherDataSet
        }
        return tombstone.map { .deleted($0) }
    }
}
