package import LedgerCrypto
package import Primitives

/// Makes signed operations. `sign` answers with the signature of a key that the caller holds, else nil: keys may lie in
/// a file, an agent or a security module.
package struct OperationSigner {
    package typealias Sign = (PublicKey, Digest) -> Signature?

    /// Network id.
    package let network: Digest
    /// `<network>` of the DIDs.
    package let name: String
    package let sign: Sign

    package init(network: Digest, name: String, sign: @escaping Sign) {
        self.network = network
        self.name = name
        self.sign = sign
    }

    /// Nil when a signing key of the document is not held.
    package func create(_ content: DocumentContent, nextKey: Digest? = nil) -> CreateDocument? {
        let operation = content.createOperation(network: name, nextKey: nextKey)
        let digest = OperationDigest.create(network: network, operation: operation)
        guard let proofs = signatures(content.keys.compactMap(\.signing), digest) else { return nil }
        return CreateDocument(content: content, nextKey: nextKey, proofs: proofs)
    }

    /// `known` are the signing keys of the document that this one follows; `by` authorises.
    package func update(
        _ did: Digest, from previous: UInt32, to content: DocumentContent, nextKey: Digest? = nil, known: [PublicKey],
        by key: PublicKey
    ) -> UpdateDocument? {
        let document = content.document(of: DID(network: name, digest: did))
        let digest = OperationDigest.update(
            network: network, did: did, previous: previous, document: SHA256.hash(document), nextKey: nextKey)
        let added = content.keys.compactMap(\.signing).filter { !known.contains($0) }
        guard let proofs = signatures(added, digest), let authorisation = authorise(digest, by: key) else { return nil }
        return UpdateDocument(
            did: did, previous: previous, content: content, nextKey: nextKey, authorisation: authorisation,
            proofs: proofs)
    }

    package func deactivate(_ did: Digest, at previous: UInt32, by key: PublicKey) -> DeactivateDocument? {
        let digest = OperationDigest.deactivate(network: network, did: did, previous: previous)
        return authorise(digest, by: key).map {
            DeactivateDocument(did: did, previous: previous, authorisation: $0)
        }
    }

    package func grant(
        _ did: Digest, sequence: UInt64, to other: PublicKey, _ rights: GrantRights, until expiry: Timestamp,
        by key: PublicKey
    ) -> SetGrant? {
        let digest = OperationDigest.grant(
            network: network, did: did, sequence: sequence, key: other, rights, expiry)
        return authorise(digest, by: key).map {
            SetGrant(did: did, sequence: sequence, key: other, rights: rights, expiry: expiry, authorisation: $0)
        }
    }

    /// An object whose DID URL will be `url`.
    package func register(
        _ content: [UInt8], at url: String, of owner: Digest, endorser: String = "", by key: PublicKey
    ) -> RegisterObject? {
        let digest = OperationDigest.object(
            network: network, object: ObjectID(url).digest, previous: 0, content: SHA256.hash(content))
        return authorise(digest, by: key).map {
            RegisterObject(owner: owner, endorser: endorser, content: content, authorisation: $0)
        }
    }

    package func revocationList(
        _ list: RevocationState, of registry: String, after previous: UInt32, by key: PublicKey
    ) -> UpdateRevocationList? {
        let url = RevocationState.listURL(ofRegistry: registry) ?? ""
        let digest = OperationDigest.object(
            network: network, object: ObjectID(url).digest, previous: previous, content: SHA256.hash(list.bcs))
        return authorise(digest, by: key).map {
            UpdateRevocationList(registry: registry, previous: previous, list: list, authorisation: $0)
        }
    }

    package func statusList(
        _ owner: Digest, name list: String, after previous: UInt32, _ purpose: AnchorStatusList.Purpose, at url: String,
        digest hosted: Digest, by key: PublicKey
    ) -> AnchorStatusList? {
        let did = DID(network: name, digest: owner)
        let content = AnchorStatusList.content(did: did, name: list, purpose: purpose, url: url, digest: hosted)
        let object = ObjectID(did.description + ObjectPath.statusList(name: list))
        let digest = OperationDigest.object(
            network: network, object: object.digest, previous: previous, content: SHA256.hash(content))
        return authorise(digest, by: key).map {
            AnchorStatusList(
                owner: owner, name: list, previous: previous, purpose: purpose, url: url, digest: hosted,
                authorisation: $0)
        }
    }

    private func authorise(_ digest: Digest, by key: PublicKey) -> Authorisation? {
        sign(key, digest).map { Authorisation(key: key, signature: $0) }
    }

    private func signatures(_ keys: [PublicKey], _ digest: Digest) -> [Signature]? {
        var made: [Signature] = []
        for key in keys {
            guard let signature = sign(key, digest) else { return nil }
            made.append(signature)
        }
        return made
    }
}
