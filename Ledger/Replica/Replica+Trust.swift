internal import Consensus

extension Replica {
    /// False while the journal counts as lost and peers have not yet settled up to where this node abstains. Once true,
    /// the marker that says so was given to the journal.
    package var journalIsTrusted: Bool { machine.journalIsTrusted }
}
