internal import Chain
internal import ContractKit
internal import Encodings
internal import LedgerCrypto
internal import Primitives

extension Identity {
    static func updateRevocationList(
        _ context: Context, _ request: UpdateRevocationList
    ) throws(Rejection) -> ObjectNotice {
        guard let url = RevocationState.listURL(ofRegistry: request.registry) else { throw objectUnknown() }
        let (registry, _) = try object(ObjectID(request.registry), .revocationRegistry, context)
        let did = DID(network: try networkName(context), digest: registry.owner)
        let (_, control) = try liveDocument(did, context)
        let head = try follow(
            url, request.previous,
            ObjectHead(
                kind: .revocationList, owner: did.digest, parent: ObjectID(request.registry).digest,
                capacity: registry.capacity), context)
        let fits = request.list.fits(capacity: registry.capacity) && AnonCredsForms.isPoint(request.list.accumulator)
        try require(fits, listWrong("\(registry.capacity) credentials"))
        let stored = request.list.bcs
        let digest = OperationDigest.object(
            network: context.network, object: ObjectID(url).digest, previous: request.previous,
            content: SHA256.hash(stored))
        try authorise(request.authorisation, control, did.network, (did.object, .revoke), digest, context)
        let content = request.list.content(
            issuer: did.description, registry: request.registry, capacity: registry.capacity, time: context.time)
        try context.spend(UInt64(content.count) * 10)
        return try write(Version(url: url, head: head, content: content, stored: stored), context)
    }

    static func anchorStatusList(_ context: Context, _ request: AnchorStatusList) throws(Rejection) -> ObjectNotice {
        let did = DID(network: try networkName(context), digest: request.owner)
        let (_, control) = try liveDocument(did, context)
        try require(ObjectPath.isName(request.name), nameWrong())
        try require(DocumentRules.isHTTPS(request.url), notHTTPS("url"))
        let url = did.description + ObjectPath.statusList(name: request.name)
        let head = try follow(
            url, request.previous,
            ObjectHead(kind: .statusList, owner: did.digest, capacity: UInt32(request.purpose.rawValue)), context)
        try require(head.capacity == UInt32(request.purpose.rawValue), contentWrong("the purpose of a list stays"))
        let content = AnchorStatusList.content(
            did: did, name: request.name, purpose: request.purpose, url: request.url, digest: request.digest)
        try context.spend(UInt64(content.count) * textWork)
        let digest = OperationDigest.object(
            network: context.network, object: ObjectID(url).digest, previous: request.previous,
            content: SHA256.hash(content))
        try authorise(request.authorisation, control, did.network, (did.object, .revoke), digest, context)
        return try write(Version(url: url, head: head, content: content), context)
    }

    /// The head that follows version `previous` of the object; `first` when there is none yet.
    private static func follow(
        _ url: String, _ previous: UInt32, _ first: ObjectHead, _ context: Context
    ) throws(Rejection) -> ObjectHead {
        guard var head = try heads.get(ObjectID(url).digest, in: context) else {
            try require(previous == 0, versionConflict("there is none yet"))
            return first
        }
        try require(previous == head.latest, versionConflict("the newest is \(head.latest)"))
        head.latest = try checked(head.latest.adding(1))
        return head
    }
}
