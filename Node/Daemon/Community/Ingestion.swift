internal import Foundation
internal import LedgerCrypto
internal import Primitives
internal import Settlement
internal import Trading

/// From a file of readings to batches of one meter and UTC day each.
enum Ingestion {
    static let daySpanMilliseconds: UInt64 = 86_400_000

    static func read(_ path: String, _ file: CommunityFile) throws -> AdaptedReadings {
        guard let data = FileManager.default.contents(atPath: path) else { throw UserError("No readings at \(path).") }
        let adaptor = HourlyAdaptor(
            clock: file.localClock, meters: file.meters,
            receivedAt: Timestamp(UInt64(max(0, Date().timeIntervalSince1970 * 1000))))
        do {
            return try adaptor.read(Array(data))
        } catch {
            throw UserError("\(path): \(error.description)")
        }
    }

    static func batches(
        _ adapted: AdaptedReadings, from: Timestamp = Timestamp(0), to: Timestamp = Timestamp(.max)
    ) -> [ReadingBatch] {
        adapted.batches(from: from, to: to, span: daySpanMilliseconds) { Draw.digest() }
    }
}

/// Times on the command line.
enum TimeArgument {
    /// `yyyy-MM-ddTHH:mmZ`, UTC.
    static func parse(_ text: String) throws -> Timestamp {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "yyyy-MM-dd'T'HH:mm'Z'"
        formatter.isLenient = false
        guard let date = formatter.date(from: text), date.timeIntervalSince1970 >= 0 else {
            throw UserError("'\(text)' is no time; write it as 2016-10-17T07:00Z, in UTC.")
        }
        return Timestamp(UInt64(date.timeIntervalSince1970 * 1000))
    }
}
