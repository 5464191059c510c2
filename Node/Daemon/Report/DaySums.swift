internal import Foundation
internal import Primitives
internal import Settlement
internal import Trading

/// Sums over the periods of one local day. Energy in watt-hours, money in micro-units.
struct DaySums {
    let number: Int64
    /// `2016-10-17`.
    let date: String
    var production: Int64 = 0
    var consumption: Int64 = 0
    var received: Int64 = 0
    var given: Int64 = 0
    var bought: Int64 = 0
    var sold: Int64 = 0
    /// To pay (above zero) or to receive.
    var cost: Int64 = 0
    /// Lines that rest on readings which are missing or not as provided.
    var flagged = 0

    /// Own production that was used at home.
    var own: Int64 { production - given - sold }

    /// Of the lines of any number of statements, by day of the community's clock, ascending.
    static func of(_ lines: [Statement.Line], clock: LocalClock) -> [DaySums] {
        var days: [Int64: DaySums] = [:]
        for line in lines {
            let day = CivilTime.day(of: Timestamp(line.start), clock: clock)
            var sums = days[day.number] ?? DaySums(number: day.number, date: day.text)
            sums.production += line.production
            sums.consumption += line.consumption
            sums.received += line.received
            sums.given += line.given
            sums.bought += line.bought
            sums.sold += line.sold
            sums.cost += line.paidForReceived + line.paidForBought - line.earnedForGiven - line.earnedForSold
            if let charges = line.charges { sums.cost += charges.gridFee + charges.fundLevy - charges.incentive }
            if line.quality != "\(Quality.asProvided)" { sums.flagged += 1 }
            days[day.number] = sums
        }
        return days.keys.sorted().compactMap { days[$0] }
    }

    /// `17 Oct`.
    var short: String {
        let parts = date.split(separator: "-")
        guard parts.count == 3, let month = Int(parts[1]), (1...12).contains(month), let day = Int(parts[2]) else {
            return date
        }
        return "\(day) \(DaySums.months[month - 1])"
    }

    /// First and last day, in words.
    static func span(_ days: [DaySums]) -> String {
        guard let first = days.first, let last = days.last else { return "no settled period yet" }
        return first.date == last.date ? first.date : "\(first.date) to \(last.date)"
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    func tooltip(currency: String) -> String {
        """
        \(date)
        made \(Human.energy(production)), used \(Human.energy(consumption))
        from neighbours \(Human.energy(received)), from the grid \(Human.energy(bought))
        to neighbours \(Human.energy(given)), to the grid \(Human.energy(sold))
        \(cost < 0 ? "to receive" : "to pay") \(Human.money(abs(cost), currency: currency))
        """
    }

    static func energyChart(_ days: [DaySums], currency: String, title: String) -> DayChart {
        DayChart(
            title: title, unit: "kWh", divisor: 1_000, labels: days.map(\.short),
            tooltips: days.map { $0.tooltip(currency: currency) },
            stacks: [
                .init(name: "own production used", colour: "sun", values: days.map(\.own)),
                .init(name: "from neighbours", colour: "trade", values: days.map(\.received)),
                .init(name: "from the grid", colour: "use", values: days.map(\.bought)),
                .init(name: "to neighbours", colour: "give", values: days.map { -$0.given }),
                .init(name: "to the grid", colour: "money", values: days.map { -$0.sold }),
            ])
    }
}
