internal import Foundation

extension Statement {
    /// The lines as a table for a spreadsheet: watt-hours, micro-units, UTC. For reading only; what is checked is the
    /// JSON file.
    package var csv: String {
        let columns = [
            "start", "version", "stage", "production_wh", "consumption_wh", "received_wh", "given_wh", "bought_wh",
            "sold_wh", "price_received", "price_given", "price_bought", "price_sold", "paid_for_received",
            "earned_for_given", "paid_for_bought", "earned_for_sold", "quality",
        ]
        let rows = lines.map { line in
            [
                Statement.minute(line.start), "\(line.version)", line.stage, "\(line.production)",
                "\(line.consumption)", "\(line.received)", "\(line.given)", "\(line.bought)", "\(line.sold)",
                "\(line.prices.received)", "\(line.prices.given)", "\(line.prices.bought)", "\(line.prices.sold)",
                "\(line.paidForReceived)", "\(line.earnedForGiven)", "\(line.paidForBought)", "\(line.earnedForSold)",
                line.quality,
            ].joined(separator: ",")
        }
        return ([columns.joined(separator: ",")] + rows).joined(separator: "\n") + "\n"
    }

    /// `2016-08-01T06:00Z`.
    private static func minute(_ milliseconds: UInt64) -> String {
        let date = Date(timeIntervalSince1970: Double(milliseconds / 1_000))
        return String(date.ISO8601Format().prefix(16)) + "Z"
    }
}
