import ContractKit
import OperatorFiles
import Primitives
import Testing

@testable import commonwatt

/// The time of block 0 as people write it.
struct GenesisTimeTests {
    private let now = Timestamp(1_795_795_200_000)

    @Test(arguments: [
        ("2026-11-27T16:00:00Z", 1_795_795_200_000), ("2026-11-27T17:30:00+01:30", 1_795_795_200_000),
        ("2026-11-27T16:00:00.250Z", 1_795_795_200_250), ("1795795200250", 1_795_795_200_250),
        ("2026-11-28T15:59:59Z", 1_795_881_599_000),
    ])
    func isTaken(_ text: String, _ milliseconds: Int) throws {
        #expect(try GenesisTime.parse(text, now: now).milliseconds == UInt64(milliseconds))
    }

    /// Seconds, microseconds, another form, too early, too late.
    @Test(arguments: [
        "1795795200", "1795795200000000", "27.11.2026", "", "-5", "2019-12-31T23:59:59Z", "2026-11-28T16:00:01Z",
        "18446744073709551615", "1960-01-01T00:00:00Z",
    ])
    func isRefused(_ text: String) { #expect(throws: UserError.self) { try GenesisTime.parse(text, now: now) } }

    @Test func everyRoleIsExplained() {
        #expect(RoleTable.meanings.map(\.name) == Roles.named.map(\.name))
    }
}
