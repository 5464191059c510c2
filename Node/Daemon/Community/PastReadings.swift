internal import DataLake
internal import Foundation
internal import Primitives
internal import Settlement
internal import Trading

/// A community's past, from a file or from a lake, before it is settled.
struct PastReadings {
    let names: [String]
    /// One meter for each name.
    let meters: [MeterNumber]
    let batches: [ReadingBatch]

    /// The clock of the community file when there is one, else that of the pilot's data.
    static func clock(community path: String) -> LocalClock {
        (try? CommunityFile.read(path))?.localClock ?? HourlyAdaptor.californiaClock
    }

    /// Every meter of the file is a member, unless a community file says whose meters count.
    static func file(_ path: String, community: String) throws -> PastReadings {
        guard let data = FileManager.default.contents(atPath: path) else { throw UserError("No readings at \(path).") }
        let known = try? CommunityFile.read(community)
        let names = known?.members.map(\.name) ?? meterNames(data)
        guard !names.isEmpty, names.count <= AdaptorSettings.metersMax else {
            throw UserError("\(path) has no meters, or more than \(AdaptorSettings.metersMax).")
        }
        let meters = names.indices.map { MeterNumber(UInt64($0 + 1)) }
        let adaptor = HourlyAdaptor(
            clock: clock(community: community),
            meters: Dictionary(zip(names, meters), uniquingKeysWith: { first, _ in first }), receivedAt: Timestamp(0))
        let adapted: AdaptedReadings
        do { adapted = try adaptor.read([UInt8](data)) } catch { throw UserError("\(path): \(error.description)") }
        return PastReadings(names: names, meters: meters, batches: Ingestion.batches(adapted))
    }

    /// The newest batch of each meter and span in the lake; what the lake does not hold any more is missing.
    static func lake(
        _ folder: String, community path: String, from: Timestamp, to: Timestamp
    ) throws -> PastReadings {
        let file = try CommunityFile.read(path)
        let url = URL(filePath: folder)
        guard FileManager.default.fileExists(atPath: url.appending(path: "catalogue.sqlite").path) else {
            throw UserError("\(folder) is no lake: it has no catalogue.sqlite.")
        }
        do {
            let lake = try DataLake(folder: url)
            var batches: [ReadingBatch] = []
            for member in file.members {
                let entries = try lake.entries(of: MeterNumber(member.meter), from: from, to: to, limit: .max)
                for entry in entries where entry.status == .held { batches.append(try lake.batch(entry.digest)) }
            }
            return PastReadings(
                names: file.members.map(\.name), meters: file.members.map { MeterNumber($0.meter) }, batches: batches)
        } catch {
            throw UserError("\(folder): \(error.description)")
        }
    }

    /// Second column of the file, each name once, in order.
    private static func meterNames(_ data: Data) -> [String] {
        let text = String(decoding: data, as: UTF8.self)
        var names: Set<String> = []
        for line in text.split(whereSeparator: \.isNewline).dropFirst() {
            let fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
            if fields.count == 3 { names.insert(String(fields[1])) }
        }
        return names.sorted()
    }

    /// Members are numbered in the order of their names.
    func history(_ rules: CommunityRules) throws(SettlementError) -> CommunityHistory {
        let members = zip(1..., meters).map { number, meter in
            Member(
                number: MemberNumber(UInt32(number)), meters: [meter], holder: .zero, consent: .zero,
                from: PeriodNumber(0))
        }
        return try CommunityHistory(members: members, names: names, rules: rules, batches: batches)
    }
}
