import Foundation
import Synchronization
import Testing

@testable import DataLake

/// Writes that wait for a disk that refuses for a while.
@Suite("Late writes")
struct LateWritesTests {
    private final class Disk: Sendable {
        private let state = Mutex((refuses: true, written: [Int: String]()))
        var written: [Int: String] { state.withLock { $0.written } }

        func heal() { state.withLock { $0.refuses = false } }
        func write(_ items: [(name: Int, value: String)]) throws(LakeError) {
            let refuses = state.withLock { state in
                if !state.refuses { for item in items { state.written[item.name] = item.value } }
                return state.refuses
            }
            if refuses { throw .storage("no space left") }
        }

        func late(countMax: Int) -> LateWrites<Int, String> {
            LateWrites(label: "test", countMax: countMax) { (items) throws(LakeError) in try self.write(items) }
        }
    }

    /// Whoever waits is told each time, nothing is dropped, and nothing more is taken than may wait.
    @Test func everybodyWhoWaitsIsToldAndNothingIsLost() throws {
        let disk = Disk()
        let late = disk.late(countMax: 2)
        try late.put(1, "one", afterMilliseconds: 3_600_000)
        for _ in 0..<2 { #expect(throws: LakeError.storage("no space left")) { try late.flush() } }
        try late.put(2, "two", afterMilliseconds: 3_600_000)
        #expect(throws: LakeError.storage("no space left")) {
            try late.put(3, "three", afterMilliseconds: 3_600_000)
        }
        #expect(late[1] == "one" && late[2] == "two" && late[3] == nil && disk.written.isEmpty)
        disk.heal()
        try late.put(3, "three", afterMilliseconds: 3_600_000)
        #expect(disk.written == [1: "one", 2: "two"] && late[1] == nil && late[3] == "three")
        try late.flush()
        #expect(disk.written == [1: "one", 2: "two", 3: "three"])
    }

    @Test(.timeLimit(.minutes(1))) func aRefusedWriteIsTriedAgain() async throws {
        let disk = Disk()
        let late = disk.late(countMax: 4)
        try late.put(1, "one", afterMilliseconds: 0)
        try await Task.sleep(for: .milliseconds(50))
        #expect(late[1] == "one")
        disk.heal()
        while disk.written.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        #expect(disk.written == [1: "one"])
    }
}
