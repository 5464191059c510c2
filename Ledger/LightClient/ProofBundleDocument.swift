internal import Chain
internal import LedgerCrypto
internal import LedgerState
package import Primitives

/// The JSON form of a proof bundle, field by field as docs/formats/proof-bundle.md has it. Node encodes and decodes it
/// with its JSON coder; bytes are lower-case hexadecimal text.
package struct ProofBundleDocument: Codable, Hashable, Sendable {
    package var format: String
    package var entries: [Entry]
    package var header: Header
    package var descendants: [Header]
    package var finalization: Finalization
    package var epochEnds: [EpochEnd]

    package static let formatName = "commonwatt/proof-bundle/1"

    package struct Entry: Codable, Hashable, Sendable {
        package var key: String
        /// Left out or null for an absent key.
        package var value: String?
        /// Protobuf of the ICS-23 CommitmentProof.
        package var proof: String
    }

    package struct Header: Codable, Hashable, Sendable {
        package var network: String
        package var height: UInt64
        package var view: UInt64
        package var epoch: UInt64
        package var parent: String
        package var parentView: UInt64
        package var time: UInt64
        package var proposer: UInt16
        package var transactionsRoot: String
        package var stateRoot: String
        package var receiptsRoot: String
        package var validatorSet: String
        package var nextValidatorSet: String
    }

    package struct Finalization: Codable, Hashable, Sendable {
        package var epoch: UInt64
        package var kind: String
        package var view: UInt64
        package var digest: String
        package var signatures: [Signature]
    }

    package struct Signature: Codable, Hashable, Sendable {
        package var signer: UInt16
        package var signature: String
    }

    package struct EpochEnd: Codable, Hashable, Sendable {
        package var header: Header
        package var finalization: Finalization
        package var nextValidators: [Validator]
    }

    package struct Validator: Codable, Hashable, Sendable {
        package var partner: String
        package var consensusKey: String
        package var transportKey: String
    }
}

extension ProofBundleDocument {
    package init(_ bundle: ProofBundle) {
        format = ProofBundleDocument.formatName
        entries = bundle.entries.map {
            Entry(key: Hex.encode($0.key), value: $0.value.map { Hex.encode($0) }, proof: Hex.encode($0.proof.protobuf))
        }
        header = Header(bundle.header)
        descendants = bundle.descendants.map(Header.init)
        finalization = Finalization(bundle.finalization)
        epochEnds = bundle.epochEnds.map {
            EpochEnd(
                header: Header($0.header), finalization: Finalization($0.finalization),
                nextValidators: $0.nextValidators.validators.map {
                    Validator(
                        partner: $0.partner, consensusKey: $0.consensusKey.description,
                        transportKey: $0.transportKey.description)
                })
        }
    }

    /// The bundle that the document describes. Throws for text that is no such bundle; the bounds are those of BCS,
    /// since the bundle is read back from its BCS form.
    package func bundle() throws(BCSError) -> ProofBundle {
        func refuse(_ what: String) -> BCSError { BCSError(.invalid("the bundle's JSON: \(what)"), at: 0) }
        guard format == ProofBundleDocument.formatName else { throw refuse("format is not \(Self.formatName)") }
        let entries = try entries.map { (entry) throws(BCSError) in
            ProofBundle.Entry(
                key: try hex(entry.key), value: try entry.value.map { (text) throws(BCSError) in try hex(text) },
                proof: try CommitmentProof(protobuf: try hex(entry.proof)))
        }
        let ends = try epochEnds.map { (end) throws(BCSError) in
            ProofBundle.EpochEnd(
                header: try end.header.header(), finalization: try end.finalization.certificate(),
                nextValidators: try ValidatorSet(
                    try end.nextValidators.map { (validator) throws(BCSError) in
                        guard let key = PublicKey(validator.consensusKey) else { throw refuse("a consensusKey") }
                        return Chain.Validator(
                            partner: validator.partner, consensusKey: key,
                            transportKey: try digest(validator.transportKey))
                    }))
        }
        let bundle = ProofBundle(
            entries: entries, header: try header.header(),
            descendants: try descendants.map { (header) throws(BCSError) in try header.header() },
            finalization: try finalization.certificate(), epochEnds: ends)
        return try ProofBundle(bcs: bundle.bcs)
    }
}

extension ProofBundleDocument.Header {
    fileprivate init(_ header: BlockHeader) {
        self.init(
            network: header.network.description, height: header.height.value, view: header.view.value,
            epoch: header.epoch.value, parent: header.parent.description, parentView: header.parentView.value,
            time: header.time.value, proposer: header.proposer, transactionsRoot: header.transactionsRoot.description,
            stateRoot: header.stateRoot.description, receiptsRoot: header.receiptsRoot.description,
            validatorSet: header.validatorSet.description, nextValidatorSet: header.nextValidatorSet.description)
    }

    fileprivate func header() throws(BCSError) -> BlockHeader {
        BlockHeader(
            network: try digest(network), height: Height(height), view: View(view), epoch: Epoch(epoch),
            parent: try digest(parent), parentView: View(parentView), time: Timestamp(time), proposer: proposer,
            transactionsRoot: try digest(transactionsRoot), stateRoot: try digest(stateRoot),
            receiptsRoot: try digest(receiptsRoot), validatorSet: try digest(validatorSet),
            nextValidatorSet: try digest(nextValidatorSet))
    }
}

extension ProofBundleDocument.Finalization {
    fileprivate init(_ certificate: Certificate) {
        self.init(
            epoch: certificate.epoch.value, kind: "\(certificate.kind)", view: certificate.view.value,
            digest: certificate.digest.description,
            signatures: certificate.entries.map {
                ProofBundleDocument.Signature(signer: $0.signer, signature: Hex.encode($0.signature.bytes))
            })
    }

    fileprivate func certificate() throws(BCSError) -> Certificate {
        guard let kind = VoteKind.allCases.first(where: { "\($0)" == kind }) else {
            throw BCSError(.invalid("the bundle's JSON: unknown certificate kind"), at: 0)
        }
        return Certificate(
            epoch: Epoch(epoch), kind: kind, view: View(view), digest: try LightClient.digest(digest),
            entries: try signatures.map { (entry) throws(BCSError) in
                guard let signature = Signature(try hex(entry.signature)) else {
                    throw BCSError(.invalid("the bundle's JSON: a signature has 64 bytes"), at: 0)
                }
                return Certificate.Entry(signer: entry.signer, signature: signature)
            })
    }
}

private func hex(_ text: String) throws(BCSError) -> [UInt8] {
    guard let bytes = Hex.decode(text) else {
        throw BCSError(.invalid("the bundle's JSON: not hexadecimal: \(text.prefix(32))"), at: 0)
    }
    return bytes
}

private func digest(_ text: String) throws(BCSError) -> Digest {
    guard let digest = Digest(hex: text) else {
        throw BCSError(.invalid("the bundle's JSON: not 32 bytes: \(text.prefix(72))"), at: 0)
    }
    return digest
}
