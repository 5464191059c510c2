package import ContractKit
internal import LedgerCrypto
package import Primitives

/// Names a data set: `SHA-256("commonwatt/data-set/1" || provider || name)`.
package struct DataSetID: Hashable, Sendable, ContractValue {
    package let id: Digest
    package init(_ id: Digest) { self.id = id }
    package init(provider: Digest, name: String) {
        id = SigningDomain.digest(Array("commonwatt/data-set/1".utf8), provider.bytes + Array(name.utf8))
    }
    package static let shape = Shape.fields("DataSetID", ("id", .digest))
    package func encode(to encoder: inout BCSEncoder) { encoder.fixed(id) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { id = try decoder.digest() }
}

/// Where a data set lies: the partner and the name under which Anchors has its batches, and partners that hold copies.
package struct DataLocation: Hashable, Sendable, ContractValue {
    package static let copiesMax = 4

    package let partner: String
    package let anchor: String
    /// Ascending, each once, without `partner`.
    package let copies: [String]

    package init(partner: String, anchor: String, copies: [String] = []) {
        self.partner = partner
        self.anchor = anchor
        self.copies = copies
    }

    package func names(_ other: String) -> Bool { partner == other || copies.contains(other) }
    package var partners: [String] { [partner] + copies }

    package static let shape = Shape.fields(
        "DataLocation", ("partner", .text(max: Partner.idBytesMax)), ("anchor", .text(max: BatchAnchor.nameBytesMax)),
        ("copies", .list(.text(max: Partner.idBytesMax), max: copiesMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.string(anchor)
        encoder.vector(copies) { $0.string($1) }
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
        anchor = try decoder.string(max: BatchAnchor.nameBytesMax)
        copies = try decoder.vector(max: DataLocation.copiesMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> String in try decoder.string(max: Partner.idBytesMax)
        }
    }
}

package struct DescribeDataSet: Hashable, Sendable, ContractValue {
    /// As `BatchAnchor.isName` has it.
    package let name: String
    /// Version that this one follows; 0 for a new data set.
    package let previous: UInt32
    package let location: DataLocation
    package let description: DataDescription

    package init(name: String, previous: UInt32 = 0, location: DataLocation, description: DataDescription) {
        self.name = name
        self.previous = previous
        self.location = location
        self.description = description
    }

    package static let shape = Shape.fields(
        "DescribeDataSet", ("name", .text(max: BatchAnchor.nameBytesMax)), ("previous", .u32),
        ("location", DataLocation.shape), ("description", DataDescription.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(name)
        encoder.u32(previous)
        encoder.value(location)
        encoder.value(description)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        name = try decoder.string(max: BatchAnchor.nameBytesMax)
        previous = try decoder.u32()
        location = try DataLocation(from: &decoder)
        description = try DataDescription(from: &decoder)
    }
}

/// A data set as it is described now.
package struct SharedDataSet: Hashable, Sendable, ContractValue {
    package let id: Digest
    package let provider: Digest
    package let name: String
    /// From 1.
    package var version: UInt32
    /// The earliest version whose consents hold: no later one asks for more than it did.
    package var asked: UInt32
    /// Out of the market; agreements run on.
    package var isWithdrawn: Bool
    package var location: DataLocation
    package var description: DataDescription
    /// Block time of this version.
    package var changed: Timestamp

    package init(
        provider: Digest, name: String, version: UInt32 = 1, location: DataLocation, description: DataDescription,
        changed: Timestamp
    ) {
        id = DataSetID(provider: provider, name: name).id
        self.provider = provider
        self.name = name
        self.version = version
        asked = version
        isWithdrawn = false
        self.location = location
        self.description = description
        self.changed = changed
    }

    package static let shape = Shape.fields(
        "SharedDataSet", ("id", .digest), ("provider", .digest), ("name", .text(max: BatchAnchor.nameBytesMax)),
        ("version", .u32), ("asked", .u32), ("isWithdrawn", .bool), ("location", DataLocation.shape),
        ("description", DataDescription.shape), ("changed", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(id)
        encoder.fixed(provider)
        encoder.string(name)
        encoder.u32(version)
        encoder.u32(asked)
        encoder.bool(isWithdrawn)
        encoder.value(location)
        encoder.value(description)
        encoder.value(changed)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        id = try decoder.digest()
        provider = try decoder.digest()
        name = try decoder.string(max: BatchAnchor.nameBytesMax)
        version = try decoder.u32()
        asked = try decoder.u32()
        isWithdrawn = try decoder.bool()
        location = try DataLocation(from: &decoder)
        description = try DataDescription(from: &decoder)
        changed = try Timestamp(from: &decoder)
    }
}
