internal import Encodings
package import Primitives

/// Conditions on columns, all of which must hold: `meter = CL01 and load_wh >= 500`. Numbers compare as numbers when both
/// sides are numbers, else texts byte by byte. A column that the row has not, or leaves empty, meets only `!=` and `= ''`.
package struct RowFilter: Hashable, Sendable, BCSCodable {
    package static let conditionsMax = 8
    package static let textBytesMax = 1_024

    package enum Operator: UInt8, Hashable, Sendable, CaseIterable {
        case equal = 0
        case notEqual = 1
        case less = 2
        case lessOrEqual = 3
        case greater = 4
        case greaterOrEqual = 5

        static let signs: [(String, Operator)] = [
            ("!=", .notEqual), ("<=", .lessOrEqual), (">=", .greaterOrEqual), ("=", .equal), ("<", .less),
            (">", .greater),
        ]
    }

    package struct Condition: Hashable, Sendable {
        package let column: String
        package let test: Operator
        package let value: String

        package init(_ column: String, _ test: Operator, _ value: String) {
            self.column = column
            self.test = test
            self.value = value
        }
    }

    package let conditions: [Condition]

    package init(_ conditions: [Condition]) { self.conditions = conditions }

    /// Reads conditions joined by ` and `; a value may stand in single quotes.
    package init(_ text: String) throws(PartProblem) {
        guard text.utf8.count <= RowFilter.textBytesMax else {
            throw PartProblem("a filter has at most \(RowFilter.textBytesMax) bytes")
        }
        var conditions: [Condition] = []
        var rest = text[...]
        while true {
            conditions.append(try RowFilter.condition(&rest))
            rest = rest.drop { $0 == " " }
            if rest.isEmpty { break }
            guard rest.hasPrefix("and ") else {
                throw PartProblem("conditions of a filter are joined by 'and': \(text.prefix(80))")
            }
            rest = rest.dropFirst(4)
            guard conditions.count < RowFilter.conditionsMax else {
                throw PartProblem("a filter has at most \(RowFilter.conditionsMax) conditions")
            }
        }
        self.conditions = conditions
    }

    private static func condition(_ rest: inout Substring) throws(PartProblem) -> Condition {
        rest = rest.drop { $0 == " " }
        let name = rest.prefix { !" =!<>".contains($0) }
        rest = rest[name.endIndex...].drop { $0 == " " }
        guard !name.isEmpty, let (sign, test) = Operator.signs.first(where: { rest.hasPrefix($0.0) }) else {
            throw PartProblem("a condition is written column = value, with one of = != < <= > >=")
        }
        rest = rest.dropFirst(sign.count).drop { $0 == " " }
        let value: Substring
        if rest.hasPrefix("'") {
            let quoted = rest.dropFirst()
            guard let end = quoted.firstIndex(of: "'") else { throw PartProblem("a quote in the filter is left open") }
            value = quoted[..<end]
            rest = quoted[quoted.index(after: end)...]
        } else {
            value = rest.prefix { $0 != " " }
            rest = rest[value.endIndex...]
            guard !value.isEmpty else { throw PartProblem("a condition lacks its value; write '' for an empty one") }
        }
        return Condition(String(name), test, String(value))
    }

    package var text: String {
        conditions.map { condition in
            let sign = Operator.signs.first { $0.1 == condition.test }?.0 ?? "="
            return "\(condition.column) \(sign) '\(condition.value)'"
        }.joined(separator: " and ")
    }

    // MARK: matching

    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(conditions) { encoder, condition in
            encoder.string(condition.column)
            encoder.u8(condition.test.rawValue)
            encoder.string(condition.value)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        conditions = try decoder.vector(max: RowFilter.conditionsMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> Condition in
            let column = try decoder.string(max: PartContent.columnBytesMax)
            let tag = try decoder.u8()
            guard let test = Operator(rawValue: tag) else { throw decoder.failure(.unknownTag(UInt32(tag))) }
            return Condition(column, test, try decoder.string(max: RowFilter.textBytesMax))
        }
        // Signed requests are kept for long, so the whole filter is bounded, not each condition alone.
        let bytes = conditions.reduce(0) { $0 + $1.column.utf8.count + $1.value.utf8.count }
        guard bytes <= RowFilter.textBytesMax else {
            throw decoder.failure(.invalid("a filter has at most \(RowFilter.textBytesMax) bytes"))
        }
    }
}

extension RowFilter.Operator {
    func holds(_ left: String, _ right: String) -> Bool {
        if left.isEmpty || right.isEmpty {
            return switch self {
            case .equal: left.isEmpty && right.isEmpty
            case .notEqual: left.isEmpty != right.isEmpty
            default: false
            }
        }
        if let one = Double(left), let other = Double(right) { return holds(one < other, one == other) }
        return holds(left.utf8.lexicographicallyPrecedes(right.utf8), left.utf8.elementsEqual(right.utf8))
    }

    private func holds(_ isLess: Bool, _ isEqual: Bool) -> Bool {
        switch self {
        case .equal: isEqual
        case .notEqual: !isEqual
        case .less: isLess && !isEqual
        case .lessOrEqual: isLess || isEqual
        case .greater: !isLess && !isEqual
        case .greaterOrEqual: !isLess
        }
    }
}

/// What is wanted of a table: rows of a span of time that meet a filter. The node cuts plain answers by it, a reader cuts
/// verified chunks by it, so that both get the same rows.
package struct RowCut: Sendable {
    package let content: PartContent
    package let from: Timestamp
    package let to: Timestamp
    package let filter: RowFilter?
    private let columns: [[UInt8]]
    private let places: [Int?]
    private let meter: EnergyMeter?

    /// What was cut out of a chunk. `milliWattHours` is what a price per kWh counts: of all rows of the span, those that
    /// the filter leaves out included, because they may have been delivered in a whole chunk.
    package struct Cut: Hashable, Sendable {
        package var bytes: [UInt8] = []
        package var rows: UInt64 = 0
        package var milliWattHours: Int64 = 0
    }

    /// Throws when the filter names a column that a CSV has not.
    package init(
        _ content: PartContent, from: Timestamp, to: Timestamp, filter: RowFilter?, energy: EnergyColumn? = nil
    ) throws(PartProblem) {
        meter = try energy.map { (column) throws(PartProblem) in try EnergyMeter(content, column) }
        self.content = content
        self.from = from
        self.to = to
        self.filter = filter
        columns = try CSVLine.fields(content.head[...], line: 1)
        var places: [Int?] = []
        for condition in filter?.conditions ?? [] {
            let place = columns.firstIndex(of: Array(condition.column.utf8))
            if place == nil, case .csv = content {
                throw PartProblem("the filter names column '\(condition.column)', which the data set has not")
            }
            places.append(place)
        }
        self.places = places
    }

    /// The wanted rows of a chunk, as they are.
    package func rows(of chunk: [UInt8]) throws(PartProblem) -> [UInt8] { try cut(chunk).bytes }

    package func cut(_ chunk: [UInt8]) throws(PartProblem) -> Cut {
        var reader = RowReader(content, chunk)
        var kept = Cut()
        while let row = try reader.next() {
            guard row.time >= from, row.time < to else { continue }
            let more = try meter?.milliWattHours(of: chunk[row.range], line: row.line) ?? 0
            let (sum, overflow) = kept.milliWattHours.addingReportingOverflow(more)
            guard !overflow else { throw PartProblem("the energy of the rows is too large", line: row.line) }
            kept.milliWattHours = sum
            guard try matches(chunk[row.range], line: row.line) else { continue }
            kept.rows += 1
            kept.bytes.append(contentsOf: chunk[row.range])
        }
        return kept
    }

    private func matches(_ row: ArraySlice<UInt8>, line: UInt64) throws(PartProblem) -> Bool {
        guard let filter, !filter.conditions.isEmpty else { return true }
        if case .jsonLines = content {
            let json = try JSONLine.object(row, line: line)
            return filter.conditions.allSatisfy { $0.test.holds(JSONLine.text(json[$0.column]) ?? "", $0.value) }
        }
        let fields = try CSVLine.fields(row, line: line)
        return zip(filter.conditions, places).allSatisfy { condition, place in
            guard let place, fields.indices.contains(place) else { return false }
            return condition.test.holds(String(decoding: fields[place], as: UTF8.self), condition.value)
        }
    }
}
