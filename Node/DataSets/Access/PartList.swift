internal import Agreements
internal import Anchors
package import Chain
internal import ContractKit
package import LightClient
package import Primitives

/// Why a list of parts is not believed.
package enum PartListFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bundle says nothing of a record that decides.
    case silent(String)
    /// The chain has no such data set, or nothing was ever anchored under its name.
    case unknown
    /// The chain numbers a part that the node does not show.
    case hidden(number: UInt64, part: Digest?)
    /// A part that the chain does not have in this data set.
    case foreign(Digest)
    case tooLong(UInt64)

    package var description: String {
        switch self {
        case .silent(let what): "the proof says nothing of \(what)"
        case .unknown: "the chain has no such data set, or nothing is registered under its name"
        case .hidden(let number, let part):
            "part \(number) is hidden"
                + (part.map { ": the chain has \($0)" } ?? ": the chain counts it, but it is not shown")
        case .foreign(let part): "part \(part) is not among those that the chain has in this data set"
        case .tooLong(let count): "the data set has \(count) parts, above \(PartList.partsMax)"
        }
    }
}

/// All parts of a data set as of a block, proved page by page. Anchors numbers the batches of a data set without gaps, in
/// the order of anchoring, and counts them; neither a number nor its batch ever changes. So the count at the first page's
/// block and one entry for each number are the whole list as of that block, whatever the blocks of later pages.
package struct PartList: Sendable {
    /// Numbers of one page; with the two records a bundle stays within `ProofBundle.entriesMax`.
    package static let pageMax: UInt64 = 250
    /// Bound of a list that a reader takes.
    package static let partsMax: UInt64 = 65_536

    package let dataSet: Digest
    /// Content addresses by number.
    package private(set) var parts: [Digest] = []
    /// How many there are; nil before the first page.
    package private(set) var count: UInt64?
    /// Of the first page: what the list is as of.
    package private(set) var header: BlockHeader?

    package init(of dataSet: Digest) { self.dataSet = dataSet }

    package var isWhole: Bool { count.map { UInt64(parts.count) == $0 } ?? false }

    /// State keys of a page: the data set's description, and, as it names its place, the count and the numbers from `first`
    /// on. `value` reads the state; nil when it has no such data set.
    package static func keys(
        of dataSet: Digest, from first: UInt64, _ value: ([UInt8]) throws -> [UInt8]?
    ) throws -> [[UInt8]]? {
        let described = Agreements.dataSets.stateKey(dataSet, at: WellKnown.agreements)
        guard let record = try value(described).map({ try SharedDataSet(bcs: $0) }) else { return nil }
        let counted = countKey(record.location)
        guard let count = try value(counted).map({ try DataSet(bcs: $0).batches }) else { return nil }
        let end = first < count ? min(count, first + pageMax) : first
        return [described, counted] + (first..<end).map { numberKey(record.location, $0) }
    }

    private static func countKey(_ location: DataLocation) -> [UInt8] {
        Anchors.dataSets.stateKey(Pair(location.partner, location.anchor), at: WellKnown.anchors)
    }

    private static func numberKey(_ location: DataLocation, _ number: UInt64) -> [UInt8] {
        Anchors.sequence.stateKey(
            Pair(location.partner, Pair(location.anchor, number)), at: WellKnown.anchors)
    }

    /// Takes the next page. The caller has verified the bundle, its age too.
    package mutating func take(_ page: VerifiedProofBundle) throws {
        let described = Agreements.dataSets.stateKey(dataSet, at: WellKnown.agreements)
        guard let entry = page.entry(described) else { throw PartListFault.silent("the data set's description") }
        guard let record = try entry.value.map({ try SharedDataSet(bcs: $0) }) else { throw PartListFault.unknown }
        if count == nil {
            guard let counted = page.entry(PartList.countKey(record.location)) else {
                throw PartListFault.silent("the number of its parts")
            }
            guard let value = try counted.value.map({ try DataSet(bcs: $0) }) else { throw PartListFault.unknown }
            guard value.batches <= PartList.partsMax else { throw PartListFault.tooLong(value.batches) }
            count = value.batches
            header = page.header
        }
        let end = min(count ?? 0, UInt64(parts.count) + PartList.pageMax)
        for number in UInt64(parts.count)..<max(end, UInt64(parts.count)) {
            guard let value = page.entry(PartList.numberKey(record.location, number))?.value else {
                throw PartListFault.hidden(number: number, part: nil)
            }
            parts.append(try Digest(bcs: value))
        }
    }

    /// What is wrong with a list that somebody gives, held against this whole one; nil when it is the same parts.
    package func fault(in listed: [Digest]) -> PartListFault? {
        let known = Set(parts)
        let given = Set(listed)
        if let number = parts.firstIndex(where: { !given.contains($0) }) {
            return .hidden(number: UInt64(number), part: parts[number])
        }
        return listed.first { !known.contains($0) }.map { .foreign($0) }
    }
}
