/// Something about a row of a file that the administrator must know. Nothing is dropped or altered without one.
package struct ReadingNotice: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        // Rows or values that are not taken.
        case malformed, unknownMeter, negative, outOfRange, duplicate, skippedHour, registerReset, tooLong
        // Values that are taken, but do not count as provided.
        case stuck, deadInverter, implausible, interpolated
        // Periods without a value.
        case gap, noValue, repeatedHour
        // What changes no value.
        case outOfOrder, mislabelledClock, clockShift, ignoredColumn, rounded
    }

    package enum Action: String, Hashable, Sendable, Codable, CaseIterable {
        /// The value is not among the readings; its period is missing.
        case rejected
        /// The value is kept as it is, with the quality `estimated` or `adjusted`.
        case flagged
        /// A reading without a value was made for the period.
        case missing
        /// Nothing was changed.
        case noted
    }

    package let kind: Kind
    package let action: Action
    /// Line in the file, from 1, header included; the last one of a run; 0 for the file as a whole.
    package let line: Int
    package let lastLine: Int
    /// Name of the meter in the file, where one is known.
    package let meter: String?
    /// Values concerned.
    package let count: Int
    package let reason: String

    package init(
        _ kind: Kind, _ action: Action, line: Int, lastLine: Int? = nil, meter: String? = nil, count: Int = 1,
        _ reason: String
    ) {
        self.kind = kind
        self.action = action
        self.line = line
        self.lastLine = lastLine ?? line
        self.meter = meter
        self.count = count
        self.reason = reason
    }
}

/// Why a row or a whole file was not taken.
package struct RejectedRow: Hashable, Sendable {
    /// From 1, the header included.
    package let line: Int
    package let reason: String

    package init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }
}

/// A file that cannot be read as the format that the adaptor knows.
package struct AdaptorError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Notices of one file. A file with more than `noticesMax` of them is refused as a whole, so that none is left out.
struct NoticeList: Sendable {
    static let noticesMax = 100_000

    private(set) var notices: [ReadingNotice] = []
    private(set) var isFull = false

    mutating func add(_ notice: ReadingNotice) {
        guard notices.count < NoticeList.noticesMax else { return isFull = true }
        notices.append(notice)
    }

    func checkSize() throws(AdaptorError) {
        if isFull {
            throw AdaptorError(
                "more than \(NoticeList.noticesMax) rows are wrong or doubtful; this file is not what the format says")
        }
    }
}
