/// An ICS-23 proof of presence or absence.
package enum CommitmentProof: Hashable, Sendable {
    case exist(ExistenceProof)
    case nonexist(NonExistenceProof)
}
package struct ExistenceProof: Hashable, Sendable {}
package struct NonExistenceProof: Hashable, Sendable {}
