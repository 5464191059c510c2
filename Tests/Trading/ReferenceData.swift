import Foundation
import Primitives
import TestSupport

/// The hourly year of 17 real homes: per hour, the net balance of each in the order of the file.
struct ReferenceYear {
    let homes: [String]
    /// production - consumption by hour, then home.
    let hours: [[Energy]]

    static func load() throws -> ReferenceYear {
        let text = String(decoding: try Shared.data("data/cec17_hourly.csv"), as: UTF8.self)
        var homes: [String] = []
        var hours: [[Energy]] = []
        var label: Substring = ""
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 4, let load = Int64(fields[2]), let pv = Int64(fields[3]) else {
                throw CocoaError(.fileReadCorruptFile)
            }
            if fields[0] != label {
                label = fields[0]
                hours.append([])
            }
            if hours.count == 1 { homes.append(String(fields[1])) }
            hours[hours.count - 1].append(pv - load)
        }
        return ReferenceYear(homes: homes, hours: hours)
    }
}
