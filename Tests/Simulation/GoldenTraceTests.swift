import Foundation
import Simulator
import TestSupport
import Testing

/// What whole nodes say to each other in the usual cases, as text to read: `Tests/Golden/traces`. A change of the protocol
/// shows here as a difference; COMMONWATT_WRITE_GOLDEN=1 accepts it.
struct GoldenTraceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// The part of the run that is kept, in milliseconds.
        let window: Range<Double>
        let scenario: Scenario
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "normal-case", window: 0..<160, scenario: quiet()),
        Case(
            name: "view-change", window: 0..<420,
            scenario: quiet { $0.plan(.crash(1, downMicroseconds: 600_000), atMilliseconds: 20) }),
        Case(
            name: "epoch-change", window: 190..<420,
            scenario: quiet(followers: 1) { $0.plan(.changeValidators, atMilliseconds: 200) }),
        Case(
            name: "restart", window: 290..<520,
            scenario: quiet { $0.plan(.crash(2, downMicroseconds: 150_000), atMilliseconds: 300) }),
    ]

    /// A second of a network of four with little load.
    static func quiet(followers: Int = 0, _ change: (inout Scenario) -> Void = { _ in }) -> Scenario {
        var scenario = Scenario.calm(validators: 4, followers: followers, seconds: 1)
        scenario.conditions.delayMicroseconds = 10_000...10_000
        scenario.flushMicroseconds = 1_000...1_000
        change(&scenario)
        return scenario
    }

    @Test(arguments: cases) func isAsCommitted(_ one: Case) throws {
        let lines = Lines()
        let outcome = Simulation.run(one.scenario, sink: { lines.add($0) })
        #expect(outcome.violation == nil)
        let kept = lines.all.filter { line in
            guard let time = Double(line.prefix(10).trimmingCharacters(in: .whitespaces)) else { return false }
            return one.window.contains(time)
        }
        #expect(kept.count > 20)
        let text = kept.joined(separator: "\n") + "\n"
        #expect(try Golden.matches(file: "traces/\(one.name).txt", Data(text.utf8)), "\(text)")
    }
}

/// Lines as they come; a run has one thread.
final class Lines: @unchecked Sendable {
    private(set) var all: [String] = []
    func add(_ line: String) { all.append(line) }
}
