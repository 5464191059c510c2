package import Trading

/// The forms of files with readings that can be imported.
package enum ReadingsFormat: String, Hashable, Sendable, CaseIterable {
    /// CSV, hourly pairs of load and production with local labels.
    case hourly
    /// CSV, a row per meter and local day with 96 quarter hours.
    case quarterHours = "quarter-hours"
    /// CSV, hourly stands of cumulative registers with UTC and local stamps.
    case registers
    /// Green Button, ESPI XML.
    case greenButton = "green-button"
    /// CIM ValidatedHistoricalData MarketDocument, XML.
    case cim

    /// Recognises a file by its beginning; nil when it is none of these.
    package static func detect(_ bytes: [UInt8]) -> ReadingsFormat? {
        let front = bytes.prefix(65_536)
        let text = String(decoding: front, as: UTF8.self)
        let start = text.drop { $0 == "\u{feff}" || $0.isWhitespace }
        if start.hasPrefix("<") {
            if text.contains(GreenButtonAdaptor.namespace) { return .greenButton }
            if text.contains("MarketDocument") { return .cim }
            return nil
        }
        if start.hasPrefix(HourlyAdaptor.header) { return .hourly }
        if start.hasPrefix(QuarterHourAdaptor.header) { return .quarterHours }
        return start.hasPrefix(RegisterAdaptor.headerStart) ? .registers : nil
    }
}

/// A file with readings, and what only a person knows about it.
package struct ReadingsFile: Sendable {
    package let format: ReadingsFormat
    package let settings: AdaptorSettings
    /// Name of the meter of a file that is about one meter and does not name it.
    package let meter: String?
    /// Year of the ISO weeks of quarter hours.
    package let isoYear: Int?
    /// Register of the quarter hours.
    package let direction: Direction

    package init(
        _ format: ReadingsFormat, settings: AdaptorSettings, meter: String? = nil, isoYear: Int? = nil,
        direction: Direction = .load
    ) {
        self.format = format
        self.settings = settings
        self.meter = meter
        self.isoYear = isoYear
        self.direction = direction
    }

    package func read(_ bytes: [UInt8]) throws(AdaptorError) -> AdaptedReadings {
        switch format {
        case .hourly: return try HourlyAdaptor(settings).read(bytes)
        case .quarterHours:
            guard let isoYear else {
                throw AdaptorError("the file names weeks without a year; say which year it is with --year")
            }
            return try QuarterHourAdaptor(settings, isoYear: isoYear, direction: direction).read(bytes)
        case .registers:
            guard let meter else {
                throw AdaptorError("the file names no meter; say whose registers it has with --meter")
            }
            return try RegisterAdaptor(settings, meter: meter).read(bytes)
        case .greenButton: return try GreenButtonAdaptor(settings, meter: meter).read(bytes)
        case .cim: return try MarketDocumentAdaptor(settings, meter: meter).read(bytes)
        }
    }
}
