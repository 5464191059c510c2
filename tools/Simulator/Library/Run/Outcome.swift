internal import Primitives

/// What one seed gave.
package struct Outcome: Sendable {
    package let scenario: Scenario
    package var violation: Violation?
    package var faults = FaultCounts()
    package var events = 0
    package var simulatedMicroseconds: UInt64 = 0
    package var blocks = 0
    package var epochs = 0
    package var transactions = 0
    package var durableWrites = 0
    /// States of others that honest nodes took over.
    package var adoptions = 0
    /// Distinct evidence that honest nodes reported, by the accused node.
    package var evidence = 0
    package var accused: Set<Int> = []
    /// Nodes that the final state has evidence against.
    package var accusedOnChain: Set<Int> = []
    /// Views from the healing of all faults to the end.
    package var viewsAfterHealing: UInt64 = 0
    /// The furthest view that an honest node voted in.
    package var highestView: UInt64 = 0
    package var traceDigest = ""
    /// Bytes of the largest proposal sent.
    package var proposalBytesMax = 0
    /// What nodes with a damaged state said.
    package var notes: [String] = []
    /// Final blocks by proposer: index in the genesis' set.
    package var blocksOfProposer: [Int] = []

    package init(scenario: Scenario) { self.scenario = scenario }
}
