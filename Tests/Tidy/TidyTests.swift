import Foundation
import Testing

/// Rules of the house that the compiler does not check and a text can show.
@Suite struct TidyTests {
    /// A file beyond this is two files.
    static let fileLinesMax = 400
    static let functionLinesMax = 100

    @Test func thereIsSomethingToCheck() {
        for floor in Sources.floors { #expect(Sources.files(in: [floor]).count > 30, "\(floor)") }
    }

    /// Places where a line's code, without its comment, has a word that is banned.
    private func find(_ banned: Regex<(Substring, Substring)>, in floors: [String]) throws -> [String] {
        try Sources.files(in: floors).flatMap { file in
            try Sources.lines(file).enumerated().compactMap { index, line in
                line.components(separatedBy: "//")[0].firstMatch(of: banned).map {
                    "\(Sources.relative(file)):\(index + 1) uses \($0.1)"
                }
            }
        }
    }

    /// By their names: of numbers, clocks, tasks and what draws from the system's generator. That nothing is iterated
    /// without order no text can show; the simulator's golden traces would.
    @Test func pureFloorsNameNoFloatingPointClockOrRandomness() throws {
        let banned =
            /\b((?:Double|Float|Float16|SystemRandomNumberGenerator|ContinuousClock|SuspendingClock|Task|DispatchQueue|Thread|randomElement|shuffled?|hashValue)\b|random\()/
        #expect(try find(banned, in: Sources.pureFloors) == [])
    }

    /// By these names. Subscripts, forced optionals and preconditions on a caller's own code stay possible; fuzzers look for
    /// those that input from outside could reach.
    @Test func nothingStopsTheProcessOnPurpose() throws {
        let banned = /(fatalError\(|try!|\bas! |preconditionFailure\(|unowned\(unsafe\))/
        #expect(try find(banned, in: ["Ledger", "Contracts", "Node"]) == [])
    }

    @Test func filesAndFunctionsAreBounded() throws {
        for file in Sources.files(in: Sources.floors) {
            let lines = try Sources.lines(file)
            let path = Sources.relative(file)
            #expect(lines.count <= TidyTests.fileLinesMax, "\(path) has \(lines.count) lines")
            var start: (line: Int, indent: Int)?
            for (index, line) in lines.enumerated() {
                let indent = line.prefix { $0 == " " }.count
                if start == nil, line.contains("func ") || line.contains("init"),
                    !(line.contains("{") && line.hasSuffix("}")),
                    line.firstMatch(of: /^\s*(?:@\w+(?:\([^)]*\))? +)*(?:[a-z]+ +)*(?:func|init)\b/) != nil
                {
                    start = (index, indent)
                } else if let open = start, line.hasPrefix(String(repeating: " ", count: open.indent) + "}") {
                    let length = index - open.line + 1
                    #expect(
                        length <= TidyTests.functionLinesMax, "\(path):\(open.line + 1) a function of \(length) lines")
                    start = nil
                }
            }
        }
    }

    @Test func noMarksOfUnfinishedWork() throws {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK"]
        for file in Sources.files(in: Sources.floors) {
            for (index, line) in try Sources.lines(file).enumerated() {
                for mark in marks where line.contains(mark) {
                    Issue.record("\(Sources.relative(file)):\(index + 1) holds \(mark)")
                }
            }
        }
    }
}
