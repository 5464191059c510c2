internal import Chain
internal import ContractKit
internal import Encodings
internal import LedgerCrypto
internal import Primitives

extension Identity {
    static func createDocument(_ context: Context, _ request: CreateDocument) throws(Rejection) -> ObjectNotice {
        let endorser = try context.requirePartner(with: .issuer)
        try DocumentRules.check(request.content)
        let network = try networkName(context)
        let operation = request.content.createOperation(network: network, nextKey: request.nextKey)
        let did = DID(network: network, digest: SHA256.hash(operation))
        let document = try document(request.content, of: did, context)
        try require(!heads.contains(did.object.digest, in: context), documentExists())
        try requireControllers(request.content.controllers, network, context)
        let digest = OperationDigest.create(network: context.network, operation: operation)
        try prove(request.content.keys.compactMap(\.signing), request.proofs, digest, context)
        let control = ControlRecord(request.content, nextKey: request.nextKey, sequence: 0)
        try controls.set(did.object.digest, control, in: context)
        try endorse(did.digest, did.object, by: endorser, context)
        return try write(
            Version(
                url: did.description, head: ObjectHead(kind: .document, owner: did.digest), content: document,
                nextKey: request.nextKey), context)
    }

    static func updateDocument(_ context: Context, _ request: UpdateDocument) throws(Rejection) -> ObjectNotice {
        let did = DID(network: try networkName(context), digest: request.did)
        var (head, control) = try liveDocument(did, context)
        try require(request.previous == head.latest, versionConflict("the newest is \(head.latest)"))
        try DocumentRules.check(request.content)
        let document = try document(request.content, of: did, context)
        try requireControllers(request.content.controllers, did.network, context)
        let digest = OperationDigest.update(
            network: context.network, did: did.digest, previous: request.previous, document: SHA256.hash(document),
            nextKey: request.nextKey)
        try authoriseChange(request.authorisation, control, did.network, digest, context)
        let known = control.keys.map(\.key)
        let added = request.content.keys.compactMap(\.signing).filter { !known.contains($0) }
        try prove(added, request.proofs, digest, context)
        control = ControlRecord(request.content, nextKey: request.nextKey, sequence: control.sequence)
        try controls.set(did.object.digest, control, in: context)
        head.latest = try checked(head.latest.adding(1))
        return try write(
            Version(url: did.description, head: head, content: document, nextKey: request.nextKey), context)
    }

    static func deactivateDocument(
        _ context: Context, _ request: DeactivateDocument
    ) throws(Rejection) -> ObjectNotice {
        let did = DID(network: try networkName(context), digest: request.did)
        let (head, control) = try liveDocument(did, context)
        try require(request.previous == head.latest, versionConflict("the newest is \(head.latest)"))
        let digest = OperationDigest.deactivate(network: context.network, did: did.digest, previous: request.previous)
        try authoriseChange(request.authorisation, control, did.network, digest, context)
        return try end(did, head, reason: 1, context)
    }

    /// A council member's vote; the one that makes two thirds of the council deactivates the DID.
    static func voteDeactivation(_ context: Context, _ request: VoteDeactivation) throws(Rejection) -> Nothing {
        let member = try context.requirePartner(with: .council)
        try require(VoteDeactivation.reasons.contains(request.reason), reasonUnknown("\(request.reason)"))
        let did = DID(network: try networkName(context), digest: request.did)
        let (head, _) = try liveDocument(did, context)
        func agrees(_ partner: String) throws(Rejection) -> Bool {
            guard let vote = try votes.get(Pair(did.object.digest, partner), in: context) else { return false }
            return vote.reason == request.reason && context.counts(voteOf: vote.time)
        }
        try require(!agrees(member), votedBefore())
        let vote = DeactivationVote(reason: request.reason, time: context.time)
        try votes.set(Pair(did.object.digest, member), vote, in: context)
        let isDecided = try context.twoThirds(of: context.councilMembers(), agree: agrees)
        try context.emit(
            voted, VoteNotice(did: did.digest, partner: member, reason: request.reason, isDecided: isDecided))
        if isDecided { _ = try end(did, head, reason: request.reason, context) }
        return Nothing()
    }

    static func setGrant(_ context: Context, _ request: SetGrant) throws(Rejection) -> Nothing {
        let did = DID(network: try networkName(context), digest: request.did)
        var (_, control) = try liveDocument(did, context)
        try require(request.sequence == control.sequence, sequenceWrong("the next one is \(control.sequence)"))
        let digest = OperationDigest.grant(
            network: context.network, did: did.digest, sequence: request.sequence, key: request.key, request.rights,
            request.expiry)
        try authorise(request.authorisation, control, did.network, nil, digest, context)
        control.sequence = try checked(control.sequence.adding(1))
        try controls.set(did.object.digest, control, in: context)
        let key = Pair(did.object.digest, request.key)
        if request.rights.isEmpty {
            try require(grants.contains(key, in: context), grantUnknown())
            try grants.remove(key, in: context)
        } else {
            let latest = context.time.adding(milliseconds: delegationMillisecondsMax)
            try require(request.expiry > context.time && request.expiry <= latest, grantWrong())
            try grants.set(key, GrantRecord(rights: request.rights, expiry: request.expiry), in: context)
        }
        try context.emit(
            granted, GrantNotice(did: did.digest, key: request.key, rights: request.rights, expiry: request.expiry))
        return Nothing()
    }

    // MARK: Endorsement

    static func endorseDocument(_ context: Context, _ request: DocumentID) throws(Rejection) -> Nothing {
        let endorser = try context.requirePartner(with: .issuer)
        let did = DID(network: try networkName(context), digest: request.did)
        _ = try liveDocument(did, context)
        let known = try endorsements.get(Pair(did.object.digest, endorser), in: context)
        try require(known == nil || known?.withdrawn != nil, endorsedBefore())
        try endorse(did.digest, did.object, by: endorser, context)
        return Nothing()
    }

    private static func endorse(
        _ did: Digest, _ object: ObjectID, by endorser: String, _ context: Context
    ) throws(Rejection) {
        try endorsements.set(Pair(object.digest, endorser), Endorsement(since: context.time), in: context)
        try context.emit(endorsed, EndorsementNotice(did: did, endorser: endorser, isValid: true))
    }

    static func withdrawEndorsement(_ context: Context, _ request: DocumentID) throws(Rejection) -> Nothing {
        let endorser = try context.requirePartner(itselfOr: .issuer)
        let did = DID(network: try networkName(context), digest: request.did)
        let key = Pair(did.object.digest, endorser)
        guard var record = try endorsements.get(key, in: context), record.withdrawn == nil else {
            throw endorsementUnknown()
        }
        record.withdrawn = context.time
        try endorsements.set(key, record, in: context)
        try context.emit(endorsed, EndorsementNotice(did: did.digest, endorser: endorser, isValid: false))
        return Nothing()
    }

    // MARK: Parts

    /// The canonical document, within its size.
    private static func document(
        _ content: DocumentContent, of did: DID, _ context: Context
    ) throws(Rejection) -> [UInt8] {
        let document = content.document(of: did)
        try context.spend(UInt64(document.count) * textWork)
        try require(document.count <= DocumentRules.documentBytesMax, documentTooLarge("\(document.count) bytes"))
        return document
    }

    private static func requireControllers(
        _ controllers: [Digest], _ network: String, _ context: Context
    ) throws(Rejection) {
        for digest in controllers {
            let controller = DID(network: network, digest: digest)
            guard let head = try heads.get(controller.object.digest, in: context), !head.isDeactivated else {
                throw controllerUnknown(controller.description)
            }
        }
    }

    /// Each of `keys` signed `digest`.
    private static func prove(
        _ keys: [PublicKey], _ proofs: [Signature], _ digest: Digest, _ context: Context
    ) throws(Rejection) {
        try require(keys.count == proofs.count, possessionNotProved("\(keys.count) signatures are needed"))
        for (key, proof) in zip(keys, proofs) {
            try context.spend(Context.signatureWork(key.scheme))
            try require(SignatureVerifier.verify(proof, by: key, over: digest), possessionNotProved())
        }
    }

    private static func end(
        _ did: DID, _ head: ObjectHead, reason: UInt16, _ context: Context
    ) throws(Rejection) -> ObjectNotice {
        var ended = head
        ended.latest = try checked(head.latest.adding(1))
        ended.isDeactivated = true
        return try write(Version(url: did.description, head: ended, content: [], ending: reason), context)
    }
}
