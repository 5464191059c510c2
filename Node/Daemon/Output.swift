internal import ArgumentParser
internal import Foundation

/// Options that every command has.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print one JSON document instead of text.")
    var json = false

    /// Prints `value` as JSON when asked to, else what `text` writes; nothing when that is nil.
    func show(_ value: some Encodable, text: () -> String?) throws {
        guard json else {
            if let text = text() { Swift.print(text) }
            return
        }
        try OutputOptions.print(value)
    }

    /// Prints one JSON document.
    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A line about progress on long work; goes to standard error, so that JSON stays alone on standard output.
    func progress(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

/// A table with columns as wide as their widest cell; numbers to the right.
struct TextTable {
    enum Alignment { case left, right }
    let columns: [(title: String, alignment: Alignment)]
    private(set) var rows: [[String]] = []

    init(_ columns: [(String, Alignment)]) { self.columns = columns.map { (title: $0.0, alignment: $0.1) } }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    func text() -> String {
        let widths = columns.indices.map { column in
            (rows.map { $0.indices.contains(column) ? $0[column].count : 0 } + [columns[column].title.count]).max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            columns.indices.map { column in
                let cell = cells.indices.contains(column) ? cells[column] : ""
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                return columns[column].alignment == .right ? padding + cell : cell + padding
            }.joined(separator: "  ").trimmingEnd()
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
        return ([line(columns.map(\.title)), rule] + rows.map(line)).joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var copy = self
        while copy.last == " " { copy.removeLast() }
        return copy
    }
}

/// Numbers as people read them.
enum Human {
    /// Watt-hours as kWh with three decimals.
    static func energy(_ wattHours: Int64) -> String { fixed(wattHours, digits: 3) + " kWh" }

    /// Micro-units as money with two decimals, rounded half away from zero.
    static func money(_ micro: Int64, currency: String = "EUR") -> String {
        fixed(cents(micro), digits: 2) + " " + currency
    }

    /// What one amount of money is above another, where both are shown: the difference of the figures that people see.
    static func difference(_ micro: Int64, _ other: Int64, currency: String) -> String {
        fixed(cents(micro) - cents(other), digits: 2) + " " + currency
    }

    private static func cents(_ micro: Int64) -> Int64 {
        let (quotient, remainder) = micro.magnitude.quotientAndRemainder(dividingBy: 10_000)
        let cents = Int64(clamping: quotient) + (remainder >= 5_000 ? 1 : 0)
        return micro < 0 ? -cents : cents
    }

    /// An integer in units of 10^-digits, written with a decimal point and thousands separators.
    static func fixed(_ value: Int64, digits: Int) -> String {
        var text = String(value.magnitude)
        while text.count <= digits { text = "0" + text }
        let whole = text.dropLast(digits)
        let fraction = text.suffix(digits)
        var grouped = ""
        for (index, digit) in whole.reversed().enumerated() {
            if index > 0 && index % 3 == 0 { grouped = "," + grouped }
            grouped = String(digit) + grouped
        }
        return (value < 0 ? "-" : "") + grouped + (digits > 0 ? "." + fraction : "")
    }

    /// "1 period", "2 periods".
    static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    /// A length of time in its two largest units, e.g. "3 h 12 min".
    static func duration(seconds: UInt64) -> String {
        let units: [(UInt64, String)] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        guard let first = units.firstIndex(where: { seconds >= $0.0 }) else { return "0 s" }
        let rest = seconds % units[first].0
        let large = "\(seconds / units[first].0) \(units[first].1)"
        guard first + 1 < units.count, rest / units[first + 1].0 > 0 else { return large }
        return "\(large) \(rest / units[first + 1].0) \(units[first + 1].1)"
    }
}
