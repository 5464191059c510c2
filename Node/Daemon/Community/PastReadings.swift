internal import DataLake
internal import Foundation
internal import Primitives
internal import Settlement
internal import Trading

/// A community's past, from files or from a lake, before it is settled.
struct PastReadings {
    let names: [String]
    /// The meters of each name.
    let meters: [[MeterNumber]]
    let batches: [ReadingBatch]

    /// The longest resolution of the readings: periods cannot be shorter.
    var resolution: Resolution {
        batches.map(\.resolution).max { $0.minutes < $1.minutes } ?? .minutes60
    }

    /// The clock of the community file when there is one, else that of the pilot's data.
    static func clock(community path: String) throws -> LocalClock {
        try known(path)?.localClock ?? HourlyAdaptor.californiaClock
    }

    /// Nil when there is no such file; one that cannot be read is an error.
    private static func known(_ path: String) throws -> CommunityFile? {
        FileManager.default.fileExists(atPath: path) ? try CommunityFile.read(path) : nil
    }

    /// From files of any known form; those of `productions` that only tell one direction tell production. Every meter is
    /// a member, unless a community file says whose meters count.
    static func files(
        _ loads: [String], productions: [String], community: String, source: Ingestion.Source
    ) throws -> PastReadings {
        let file = try known(community) ?? assumed(loads + productions)
        guard !file.members.isEmpty, file.members.count <= AdaptorSettings.metersMax else {
            throw UserError("There are no meters in the readings, or more than \(AdaptorSettings.metersMax).")
        }
        var batches: [ReadingBatch] = []
        for (path, isProduction) in loads.map({ ($0, source.isProduction) }) + productions.map({ ($0, true) }) {
            var source = source
            source.isProduction = isProduction
            batches += Ingestion.batches(try Ingestion.read(path, file, source))
        }
        return PastReadings(file, batches)
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
            for meter in file.members.flatMap(\.allMeters) {
                let entries = try lake.entries(of: MeterNumber(meter), from: from, to: to, limit: .max)
                for entry in entries where entry.status == .held { batches.append(try lake.batch(entry.digest)) }
            }
            return PastReadings(file, batches.compactMap { $0.cut(from: from, to: to) })
        } catch {
            throw UserError("\(folder): \(error.description)")
        }
    }

    private init(_ file: CommunityFile, _ batches: [ReadingBatch]) {
        names = file.members.map(\.name)
        meters = file.members.map { $0.allMeters.map { MeterNumber($0) }.sorted() }
        self.batches = batches
    }

    /// Members for the names in the files' column `meter`, in the order of the names.
    private static func assumed(_ paths: [String]) throws -> CommunityFile {
        var names: Set<String> = []
        for path in paths {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw UserError("No readings at \(path).")
            }
            let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
            let header = lines.first?.split(separator: ",", omittingEmptySubsequences: false) ?? []
            guard let column = header.firstIndex(of: "meter") else {
                throw UserError("\(path) has no column 'meter': name a community file that says whose readings it has.")
            }
            for line in lines.dropFirst() {
                let fields = line.split(separator: ",", maxSplits: column + 1, omittingEmptySubsequences: false)
                if fields.count > column { names.insert(String(fields[column])) }
            }
        }
        return CommunityFile(
            community: "", partner: "", clock: CommunityFile.clock(HourlyAdaptor.californiaClock),
            members: names.sorted().enumerated().map {
                CommunityFile.Member(name: $1, number: UInt32($0 + 1), meter: UInt64($0 + 1))
            })
    }

    /// Members are numbered in the order of their names.
    func history(_ rules: CommunityRules) throws(SettlementError) -> CommunityHistory {
        let members = zip(1..., meters).map { number, meters in
            Member(
                number: MemberNumber(UInt32(number)), meters: meters, holder: .zero, consent: .zero,
                from: PeriodNumber(0))
        }
        return try CommunityHistory(members: members, names: names, rules: rules, batches: batches)
    }
}

extension ReadingBatch {
    /// The readings that start in [from, to), as a batch; nil when there are none.
    fileprivate func cut(from: Timestamp, to: Timestamp) -> ReadingBatch? {
        let inside = readings(from: from, to: to)
        return inside.isEmpty
            ? nil : ReadingBatch(salt: salt, meter: meter, resolution: resolution, readings: Array(inside))
    }
}
