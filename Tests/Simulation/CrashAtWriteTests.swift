import Foundation
import Simulator
import Testing

/// Power fails at every single durable write of a run, once just before it counts and once just after. Every
/// `COMMONWATT_WRITE_STRIDE`-th write, 7 by default; 1 takes them all.
struct CrashAtWriteTests {
    @Test(arguments: [false, true]) func atEveryDurableWrite(isAfter: Bool) {
        let stride = ProcessInfo.processInfo.environment["COMMONWATT_WRITE_STRIDE"].flatMap(Int.init) ?? 7
        var scenario = Scenario.calm(validators: 4, seconds: 1, seed: 5)
        scenario.plan(.changeValidators, atMilliseconds: 300)
        scenario.followerCount = 1
        let writes = Simulation.run(scenario).durableWrites
        #expect(writes > 100)
        for write in Swift.stride(from: 1, through: writes, by: max(1, stride)) {
            scenario.crashAtWrite = Scenario.PlannedWrite(write: write, isAfter: isAfter)
            let outcome = Simulation.run(scenario)
            #expect(outcome.violation == nil, "write \(write): \(String(describing: outcome.violation))")
        }
    }
}
