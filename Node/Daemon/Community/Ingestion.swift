internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

/// From a file of readings to batches of one meter and UTC day each.
enum Ingestion {
    static let daySpanMilliseconds: UInt64 = 86_400_000

    /// What a person knows about a file that the file does not say.
    struct Source {
        var format: ReadingsFormat?
        /// Time zone of local labels; the community file's clock without it.
        var zone: String?
        var meter: String?
        var year: Int?
        var isProduction = false
        var revision: UInt16 = 0
        var kilowattsMax: Int64 = 100
    }

    /// Reads a file in one of the known forms; what it does not say is in `source`.
    static func read(
        _ path: String, _ file: CommunityFile, _ source: Source = Source()
    ) throws -> AdaptedReadings {
        guard let data = FileManager.default.contents(atPath: path) else { throw UserError("No readings at \(path).") }
        let bytes = [UInt8](data)
        guard let format = source.format ?? ReadingsFormat.detect(bytes) else {
            let first = data.prefix(200).split(separator: 0x0a).first.map { String(decoding: $0, as: UTF8.self) } ?? ""
            let hint =
                first.contains(";")
                ? " Its columns are parted by semicolons; the known forms part them by commas." : ""
            throw UserError(
                "\(path) is in none of the known forms; it begins with '\(first.prefix(60))'.\(hint) --format says which one it should be; docs/readings.md shows them."
            )
        }
        var clock = file.localClock
        if let zone = source.zone {
            clock = try Ingestion.clock(zone, year: source.year)
        }
        let settings = AdaptorSettings(
            clock: clock, meters: file.meters,
            receivedAt: .wallClock, revision: source.revision,
            plausibleKilowattsMax: source.kilowattsMax)
        do {
            return try ReadingsFile(
                format, settings: settings, meter: source.meter, isoYear: source.year,
                direction: source.isProduction ? .production : .load
            ).read(bytes)
        } catch {
            throw UserError("\(path): \(error.description)")
        }
    }

    /// The clock of a time zone for readings of a year and those before it; of this year for nil.
    static func clock(_ zone: String, year: Int?) throws -> LocalClock {
        let year = year ?? Calendar(identifier: .gregorian).component(.year, from: Date())
        guard let found = CivilTime.clock(zone, years: (year - 14)...(year + 1)) else {
            throw UserError("This machine knows no time zone '\(zone)' for the years around \(year).")
        }
        return found
    }

    static func batches(
        _ adapted: AdaptedReadings, from: Timestamp = Timestamp(0), to: Timestamp = Timestamp(.max)
    ) -> [ReadingBatch] {
        adapted.batches(from: from, to: to, span: daySpanMilliseconds) { Draw.digest() }
    }
}

/// Times on the command line.
enum TimeArgument {
    /// `yyyy-MM-ddTHH:mmZ` or with seconds, UTC.
    static func parse(_ text: String) throws -> Timestamp {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.isLenient = false
        for form in ["yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'"] {
            formatter.dateFormat = form
            if let date = formatter.date(from: text), date.timeIntervalSince1970 >= 0 {
                return Timestamp(UInt64(date.timeIntervalSince1970 * 1000))
            }
        }
        throw UserError("'\(text)' is no time; write it as 2016-10-17T07:00Z, in UTC.")
    }

    /// As `parse` reads it, to the minute; a dash beyond the year 9999.
    static func minute(_ time: Timestamp) -> String {
        time.value / 1_000 < 253_402_300_800 ? String(time.text.prefix(16)) + "Z" : "-"
    }

    /// The same to the second.
    static func second(_ time: Timestamp) -> String {
        time.value / 1_000 < 253_402_300_800 ? String(time.text.prefix(19)) + "Z" : "-"
    }
}
