internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import OperatorFiles
internal import Primitives
internal import Trading

/// What the administrator keeps of a community beside the chain: who is who. The only place where a meter's name in the
/// source meets its pseudonymous number; it stays with the administrator. Mode 0600.
struct CommunityFile: Codable {
    struct Member: Codable {
        /// Name in the source of readings.
        let name: String
        let number: UInt32
        let meter: UInt64
        /// Further meters of the same member, by their names in the source.
        var others: [String: UInt64]?

        var allMeters: [UInt64] { [meter] + (others ?? [:]).values.sorted() }
    }

    /// Address of the community's instance.
    let community: String
    let partner: String
    /// The civil time of the source: UTC offsets in minutes with the instants (milliseconds) at which they begin.
    let clock: [[Int64]]
    var members: [Member]

    /// The address of a community as an argument or a file gives it.
    static func address(_ text: String) throws -> Address {
        guard let address = Address(text: text) else { throw UserError("'\(text)' is no address of a community.") }
        return address
    }

    static func read(_ path: String) throws -> CommunityFile {
        guard FileManager.default.fileExists(atPath: path) else {
            throw UserError("No community file at \(path); `commonwatt cec create` writes one.")
        }
        return try JSONFile.read(CommunityFile.self, path, "community file")
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try KeyFile.write(try encoder.encode(self) + Data("\n".utf8), to: path)
    }

    var localClock: LocalClock { CommunityFile.clock(clock) }

    static func clock(_ offsets: [[Int64]]) -> LocalClock {
        LocalClock(
            spans: offsets.compactMap { pair in
                guard pair.count == 2, let from = UInt64(exactly: pair[0]), let offset = Int16(exactly: pair[1]) else {
                    return nil
                }
                return LocalClock.Span(from: Timestamp(from), offsetMinutes: offset)
            })
    }

    static func clock(_ clock: LocalClock) -> [[Int64]] {
        clock.spans.map { [Int64(clamping: $0.from.value), Int64($0.offsetMinutes)] }
    }

    var meters: [String: MeterNumber] {
        let named = members.flatMap { member in
            [(member.name, member.meter)] + (member.others ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        return Dictionary(named.map { ($0.0, MeterNumber($0.1)) }, uniquingKeysWith: { first, _ in first })
    }
}
