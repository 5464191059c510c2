internal import Chain
internal import ContractKit
package import DataSets
package import LedgerCrypto
package import Primitives

/// A part as its provider hands it in: what it says about the bytes, the bytes, and a signature over both. BCS.
package struct PartUpload: Hashable, Sendable, BCSCodable {
    package static let byteCountMax = Manifest.byteCountMax + PartContent.headerBytesMax + 65_536
    private static let domain = Array("commonwatt/data-part/1".utf8)

    /// What the provider says about the bytes.
    package struct Description: Hashable, Sendable, BCSCodable {
        /// Partner and name under which Anchors has the data set.
        package let partner: String
        package let dataSet: String
        package let source: PartBuilder.Source
        package let zone: DataZone
        /// Drawn at random.
        package let salt: Digest
        package let inputs: [Digest]
        package let energy: EnergyColumn?
        /// When the retention ends; nil keeps it until its owner deletes it.
        package let keepUntil: Timestamp?

        package init(
            partner: String, dataSet: String, source: PartBuilder.Source, zone: DataZone = .harmonised, salt: Digest,
            inputs: [Digest] = [], energy: EnergyColumn? = nil, keepUntil: Timestamp? = nil
        ) {
            self.partner = partner
            self.dataSet = dataSet
            self.source = source
            self.zone = zone
            self.salt = salt
            self.inputs = inputs
            self.energy = energy
            self.keepUntil = keepUntil
        }

        package func encode(to encoder: inout BCSEncoder) {
            encoder.string(partner)
            encoder.string(dataSet)
            encoder.value(source)
            encoder.u8(zone.rawValue)
            encoder.fixed(salt)
            encoder.vector(inputs) { $0.fixed($1) }
            encoder.option(energy)
            encoder.option(keepUntil)
        }

        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            partner = try decoder.string(max: Partner.idBytesMax)
            dataSet = try decoder.string(max: BatchAnchor.nameBytesMax)
            source = try PartBuilder.Source(from: &decoder)
            let zone = try decoder.u8()
            guard let known = DataZone(rawValue: zone) else { throw decoder.failure(.unknownTag(UInt32(zone))) }
            self.zone = known
            salt = try decoder.digest()
            inputs = try decoder.vector(max: PartHeader.inputsMax) {
                (decoder: inout BCSDecoder) throws(BCSError) -> Digest in try decoder.digest()
            }
            energy = try decoder.option()
            keepUntil = try decoder.option()
        }
    }

    package let description: Description
    package let bytes: [UInt8]
    package let key: PublicKey
    package let signature: Signature

    package init(description: Description, bytes: [UInt8], key: PublicKey, signature: Signature) {
        self.description = description
        self.bytes = bytes
        self.key = key
        self.signature = signature
    }

    package init(signing description: Description, bytes: [UInt8], network: Digest, key: Secp256k1.SecretKey) {
        let digest = PartUpload.signingDigest(description, SHA256.hash(bytes), network: network)
        self.init(description: description, bytes: bytes, key: key.publicKey, signature: key.sign(digest))
    }

    /// `SHA-256("commonwatt/data-part/1" || network || BCS(description) || SHA-256(bytes))`.
    package static func signingDigest(_ description: Description, _ content: Digest, network: Digest) -> Digest {
        SigningDomain.digest(domain, network.bytes + description.bcs + content.bytes)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(description)
        encoder.blob(bytes)
        encoder.value(key)
        encoder.value(signature)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        description = try Description(from: &decoder)
        bytes = try decoder.blob(max: Manifest.byteCountMax + PartContent.headerBytesMax)
        key = try PublicKey(from: &decoder)
        signature = try Signature(from: &decoder)
    }
}
