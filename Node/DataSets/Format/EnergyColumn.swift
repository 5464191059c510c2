internal import Encodings
package import Primitives

/// The column (or member) of a table with the energy of a row, which a price per kWh counts.
package struct EnergyColumn: Hashable, Sendable, BCSCodable {
    package enum Unit: UInt8, Hashable, Sendable, CaseIterable {
        case wattHours = 0
        case kilowattHours = 1
    }

    package let name: String
    package let unit: Unit

    package init(name: String, unit: Unit) {
        self.name = name
        self.unit = unit
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(name)
        encoder.u8(unit.rawValue)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        name = try decoder.string(max: PartContent.columnBytesMax)
        let tag = try decoder.u8()
        guard let unit = Unit(rawValue: tag) else { throw decoder.failure(.unknownTag(UInt32(tag))) }
        self.unit = unit
    }
}

/// Reads the energy of rows: magnitudes in thousandths of a watt-hour, further digits cut off; empty fields count nothing.
package struct EnergyMeter: Sendable {
    /// 10^9 kWh in one row are a mistake.
    private static let milliWattHoursMax: Int64 = 1_000_000_000_000_000

    private let column: EnergyColumn
    private let place: Int
    private let columns: Int
    private let isCSV: Bool

    package init(_ content: PartContent, _ column: EnergyColumn) throws(PartProblem) {
        self.column = column
        let names = try CSVLine.fields(content.head[...], line: 1)
        columns = names.count
        if case .csv = content {
            guard let found = names.firstIndex(of: Array(column.name.utf8)) else {
                throw PartProblem("there is no column '\(column.name.prefix(64))' for the energy", line: 1)
            }
            (place, isCSV) = (found, true)
        } else if content.isTable {
            (place, isCSV) = (0, false)
        } else {
            throw PartProblem("a file has no column for the energy")
        }
    }

    package func milliWattHours(of row: ArraySlice<UInt8>, line: UInt64) throws(PartProblem) -> Int64 {
        let text: String
        if isCSV {
            text = String(decoding: try CSVLine.field(row, place, of: columns, line: line), as: UTF8.self)
        } else {
            text = JSONLine.text(try JSONLine.object(row, line: line)[column.name]) ?? ""
        }
        if text.isEmpty { return 0 }
        guard let value = EnergyMeter.thousandths(text, shift: column.unit == .kilowattHours ? 6 : 3),
            value <= EnergyMeter.milliWattHoursMax
        else { throw PartProblem("'\(text.prefix(40))' is no energy", line: line) }
        return value
    }

    /// The magnitude of a plain decimal times 10^shift, without its further digits.
    private static func thousandths(_ text: String, shift: Int) -> Int64? {
        var value: Int64 = 0
        var fraction: Int?
        var digits = 0
        for unit in text.utf8.drop(while: { $0 == 45 || $0 == 43 }) {
            if unit == 46, fraction == nil {
                fraction = 0
                continue
            }
            guard (48...57).contains(unit), digits < 40 else { return nil }
            digits += 1
            if let used = fraction {
                if used == shift { continue }
                fraction = used + 1
            }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, carried) = tens.addingReportingOverflow(Int64(unit - 48))
            guard !overflow, !carried else { return nil }
            value = next
        }
        guard digits > 0 else { return nil }
        for _ in (fraction ?? 0)..<shift {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = next
        }
        return value
    }
}
