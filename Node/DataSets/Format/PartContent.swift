internal import ContractKit
package import Primitives

/// Where a part stands on its way from raw data to results.
package enum DataZone: UInt8, Hashable, Sendable, CaseIterable {
    /// In the common form, as it was delivered.
    case harmonised = 1
    /// Checked and corrected.
    case cleansed = 2
    /// Computed from other data and written back.
    case results = 3

    package var name: String { "\(self)" }
    package init?(name: String) {
        guard let zone = DataZone.allCases.first(where: { $0.name == name }) else { return nil }
        self = zone
    }
}

/// What the bytes of a part are.
package enum PartContent: Hashable, Sendable, BCSCodable {
    package static let headerBytesMax = 16_384
    package static let columnBytesMax = 128
    package static let fileNameBytesMax = 128
    package static let mediaTypeBytesMax = 128

    /// RFC 4180 with a header line, which is kept apart from the rows: `header` is its bytes with their line end.
    case csv(header: [UInt8], timeColumn: UInt16, time: TimeForm)
    /// One JSON object a line; `timeMember` names the member with the row's time.
    case jsonLines(timeMember: String, time: TimeForm)
    /// Anything else, never looked into and never unpacked.
    case file(name: String, mediaType: String)

    package var isTable: Bool { if case .file = self { false } else { true } }

    /// Bytes that stand before the first chunk.
    package var head: [UInt8] { if case .csv(let header, _, _) = self { header } else { [] } }

    /// Names of the columns that a CSV's header line has.
    package static func columns(ofHeader line: ArraySlice<UInt8>) throws(PartProblem) -> [[UInt8]] {
        let isText = line.allSatisfy { $0 >= 0x20 || $0 == 9 || $0 == 10 || $0 == 13 }
        guard isText, String(validating: line, as: UTF8.self) != nil else {
            throw PartProblem("the header is not UTF-8 text; compressed files are not unpacked here", line: 1)
        }
        let names = try CSVLine.fields(line, line: 1)
        guard names.allSatisfy({ (1...PartContent.columnBytesMax).contains($0.count) }) else {
            throw PartProblem("every column has a name of 1 to \(PartContent.columnBytesMax) bytes", line: 1)
        }
        guard Set(names).count == names.count else { throw PartProblem("two columns have one name", line: 1) }
        return names
    }

    /// Why no table is like this, whatever its rows; nil when one may be. Content from outside is not taken before.
    private var problem: PartProblem? {
        switch self {
        case .csv(let header, let column, _):
            guard header.firstIndex(of: 10) == header.count - 1, !header.starts(with: [0xef, 0xbb, 0xbf]) else {
                return PartProblem("the header is one line, without byte order mark", line: 1)
            }
            do throws(PartProblem) {
                let count = try PartContent.columns(ofHeader: header[...]).count
                guard Int(column) < count else {
                    return PartProblem("the time stands in column \(column), and the header has \(count)", line: 1)
                }
            } catch { return error }
            return nil
        case .jsonLines(let member, _): return member.isEmpty ? PartProblem("the time's member has no name") : nil
        case .file(let name, let mediaType):
            return (DataNames.problem(fileName: name) ?? DataNames.problem(mediaType: mediaType)).map {
                PartProblem($0)
            }
        }
    }

    package var mediaType: String {
        switch self {
        case .csv: "text/csv"
        case .jsonLines: "application/x-ndjson"
        case .file(_, let mediaType): mediaType
        }
    }

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .csv(let header, let column, let time):
            encoder.uleb(0)
            encoder.blob(header)
            encoder.u16(column)
            encoder.value(time)
        case .jsonLines(let member, let time):
            encoder.uleb(1)
            encoder.string(member)
            encoder.value(time)
        case .file(let name, let mediaType):
            encoder.uleb(2)
            encoder.string(name)
            encoder.string(mediaType)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0:
            self = .csv(
                header: try decoder.blob(max: PartContent.headerBytesMax), timeColumn: try decoder.u16(),
                time: try TimeForm(from: &decoder))
        case 1:
            self = .jsonLines(
                timeMember: try decoder.string(max: PartContent.columnBytesMax), time: try TimeForm(from: &decoder))
        case 2:
            self = .file(
                name: try decoder.string(max: PartContent.fileNameBytesMax),
                mediaType: try decoder.string(max: PartContent.mediaTypeBytesMax))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
        if let problem { throw decoder.failure(.invalid(problem.description)) }
    }
}

/// Names from outside. None of them ever becomes a path on a node's disk; the rules keep them harmless for readers, too.
package enum DataNames {
    /// Why a text is no name of a data set, as the contracts have it; nil when it is one.
    package static func problem(dataSet name: String) -> String? {
        BatchAnchor.isName(name) ? nil : "a data set's name has \(BatchAnchor.nameRule)"
    }

    /// Why a text is no name of a file; nil when it is one.
    package static func problem(fileName name: String) -> String? {
        let isPlain = name.unicodeScalars.allSatisfy { scalar in
            scalar.value >= 0x20 && scalar.value != 0x7f && !(0x80...0x9f).contains(scalar.value) && scalar != "/"
                && scalar != "\\" && scalar != ":" && !(0x202a...0x202e).contains(scalar.value)
                && !(0x2066...0x2069).contains(scalar.value)
        }
        guard (1...PartContent.fileNameBytesMax).contains(name.utf8.count), isPlain, !name.hasPrefix("."),
            !name.hasPrefix("-"), name.last != " ", name.last != "."
        else {
            return
                "a file's name has 1 to \(PartContent.fileNameBytesMax) bytes, no slash, backslash, colon or control character, and begins with neither dot nor hyphen"
        }
        return nil
    }

    package static func problem(mediaType: String) -> String? {
        let parts = mediaType.split(separator: "/", omittingEmptySubsequences: false)
        let isToken = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy {
                    (97...122).contains($0) || (48...57).contains($0) || [43, 45, 46, 95].contains($0)
                }
        }
        guard mediaType.utf8.count <= PartContent.mediaTypeBytesMax, parts.count == 2, isToken else {
            return "a media type is written type/subtype in small letters, such as application/pdf"
        }
        return nil
    }
}
