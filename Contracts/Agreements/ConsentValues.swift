package import ContractKit
package import Primitives

package struct GrantConsent: Hashable, Sendable, ContractValue {
    package let dataSet: Digest
    /// Of the description that the owner read: the newest one.
    package let version: UInt32
    package let purposes: Purposes
    /// End, exclusive.
    package let until: Timestamp

    package init(dataSet: Digest, version: UInt32, purposes: Purposes, until: Timestamp) {
        self.dataSet = dataSet
        self.version = version
        self.purposes = purposes
        self.until = until
    }

    package static let shape = Shape.fields(
        "GrantConsent", ("dataSet", .digest), ("version", .u32), ("purposes", Purposes.shape), ("until", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(dataSet)
        encoder.u32(version)
        encoder.value(purposes)
        encoder.value(until)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        dataSet = try decoder.digest()
        version = try decoder.u32()
        purposes = try Purposes(from: &decoder)
        until = try Timestamp(from: &decoder)
    }
}

/// A data owner's consent as it stands: `from` inclusive, `until` exclusive, over at once when withdrawn. One that is
/// given again while it holds, for the same purposes, keeps its `from`.
package struct Consent: Hashable, Sendable, ContractValue {
    /// Of the description that it was given to. It holds for later ones that ask for no more (`SharedDataSet.asked`).
    package let version: UInt32
    package let purposes: Purposes
    package let from: Timestamp
    package let until: Timestamp
    package var withdrawn: Timestamp?

    package init(
        version: UInt32, purposes: Purposes, from: Timestamp, until: Timestamp, withdrawn: Timestamp? = nil
    ) {
        self.version = version
        self.purposes = purposes
        self.from = from
        self.until = until
        self.withdrawn = withdrawn
    }

    package func allows(_ purpose: Purposes, at time: Timestamp) -> Bool {
        purposes.isSuperset(of: purpose) && holds(at: time)
    }

    package func holds(at time: Timestamp) -> Bool {
        from <= time && time < until && (withdrawn.map { time < $0 } ?? true)
    }

    package static let shape = Shape.fields(
        "Consent", ("version", .u32), ("purposes", Purposes.shape), ("from", .u64), ("until", .u64),
        ("withdrawn", .option(.u64)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u32(version)
        encoder.value(purposes)
        encoder.value(from)
        encoder.value(until)
        encoder.option(withdrawn)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        version = try decoder.u32()
        purposes = try Purposes(from: &decoder)
        from = try Timestamp(from: &decoder)
        until = try Timestamp(from: &decoder)
        withdrawn = try decoder.option()
    }
}

package struct ConsentID: Hashable, Sendable, ContractValue {
    package let dataSet: Digest
    package let owner: Digest

    package init(dataSet: Digest, owner: Digest) {
        self.dataSet = dataSet
        self.owner = owner
    }

    package static let shape = Shape.fields("ConsentID", ("dataSet", .digest), ("owner", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(dataSet)
        encoder.fixed(owner)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        dataSet = try decoder.digest()
        owner = try decoder.digest()
    }
}

package struct ConsentNotice: Hashable, Sendable, ContractValue {
    package let dataSet: Digest
    package let owner: Digest
    package let consent: Consent

    init(dataSet: Digest, owner: Digest, consent: Consent) {
        self.dataSet = dataSet
        self.owner = owner
        self.consent = consent
    }

    package static let shape = Shape.fields(
        "ConsentNotice", ("dataSet", .digest), ("owner", .digest), ("consent", Consent.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(dataSet)
        encoder.fixed(owner)
        encoder.value(consent)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        dataSet = try decoder.digest()
        owner = try decoder.digest()
        consent = try Consent(from: &decoder)
    }
}
