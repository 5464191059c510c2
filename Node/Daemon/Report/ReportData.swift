internal import Trading

/// What the week's report shows. Energy in watt-hours, money in micro-units.
struct ReportData: Codable, Sendable {
    struct Hour: Codable, Sendable {
        /// Start, UTC, milliseconds since 1970.
        let start: UInt64
        let production: Int64
        let consumption: Int64
        let traded: Int64
        let bought: Int64
        let sold: Int64
    }

    struct MemberHour: Codable, Sendable {
        let start: UInt64
        let production: Int64
        let consumption: Int64
        /// From neighbours (positive when this member bought inside).
        let fromNeighbours: Int64
        let toNeighbours: Int64
        let amount: Int64
        let estimated: Bool
    }

    struct Check: Codable, Sendable {
        let name: String
        let passed: Bool
        let detail: String
    }

    struct MemberRow: Codable, Sendable {
        let member: String
        let production: Int64
        let consumption: Int64
        let fromNeighbours: Int64
        let toNeighbours: Int64
        /// What the member pays (positive) or receives (negative) for the week.
        let cost: Int64
        /// What it would pay without a community.
        let costAlone: Int64
    }

    let network: String
    let networkID: String
    let community: String
    let model: String
    let currency: String
    /// Civil time of the community: UTC offsets in minutes with the instants (milliseconds) at which they begin.
    let offsets: [[Int64]]
    let hours: [Hour]
    let member: String
    let memberHours: [MemberHour]
    let members: [MemberRow]
    let checks: [Check]
    let chain: [String: String]

    var clock: LocalClock { CommunityFile.clock(offsets) }
}
