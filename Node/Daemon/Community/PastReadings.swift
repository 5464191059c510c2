internal import DataLake
internal import Foundation
internal import OperatorFiles
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

    /// The clock of `zone`, else that of the community file.
    static func clock(community path: String?, zone: String?) throws -> LocalClock {
        if let zone { return try Ingestion.clock(zone, year: nil) }
        guard let path else {
            throw UserError(
                "Name the time zone of the labels, by which days and time bands go, with --zone, such as Europe/Zurich; or the community file with --file."
            )
        }
        return try CommunityFile.read(path).localClock
    }

    /// From files of any known form; those of `productions` that only tell one direction tell production. Every meter is
    /// a member, unless a community file says whose meters count.
    static func files(
        _ loads: [String], productions: [String], community: String?, source: Ingestion.Source
    ) throws -> PastReadings {
        let file =
            try community.map(CommunityFile.read)
            ?? assumed(loads + productions, try clock(community: nil, zone: source.zone))
        guard !file.members.isEmpty else {
            throw UserError(
                community.map {
                    "\($0) has no members yet, so no meter counts; leave --file away to take every meter of the readings."
                }
                    ?? "There are no meters in the readings.")
        }
        guard file.members.count <= AdaptorSettings.metersMax else {
            throw UserError("The readings are of more than \(AdaptorSettings.metersMax) meters.")
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
    private static func assumed(_ paths: [String], _ clock: LocalClock) throws -> CommunityFile {
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
            community: "", partner: "", clock: CommunityFile.clock(clock),
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
