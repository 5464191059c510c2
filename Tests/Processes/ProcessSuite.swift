import Foundation
import Testing

/// Networks of real processes. One at a time: each wants the machine for itself.
@Suite(.serialized, .enabled(if: Program.isBuilt, "build the product commonwatt first")) struct ProcessSuite {
    /// Rounds of the tests that repeat; COMMONWATT_CHAOS raises it.
    static func rounds(_ usual: Int) -> Int {
        max(usual, ProcessInfo.processInfo.environment["COMMONWATT_CHAOS"].flatMap(Int.init) ?? 0)
    }
}
