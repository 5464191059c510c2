package import Chain
package import Primitives

/// Simplex consensus for one epoch, as a value: an input and the time go in, outputs come out.
package struct ConsensusMachine: Sendable {
    package let configuration: ConsensusConfiguration

    /// `tip`: what storage holds as final in this epoch beyond the root.
    package init(_ configuration: ConsensusConfiguration, start: ConsensusStart, tip: FinalizedTip? = nil) {
        self.configuration = configuration
    }

    package mutating func step(_ input: ConsensusInput, at now: Instant) -> [ConsensusOutput] { [] }

    /// Whether every vote of this key is known, so that the next epoch's machine may start `.fresh`, else `.lost`.
    package var journalIsTrusted: Bool { true }
    package var epoch: Epoch { configuration.epoch }
    package var view: View { View(1) }
    /// Newest finalization, nil when nothing above the root is final.
    package var finalization: Certificate? { nil }
}
