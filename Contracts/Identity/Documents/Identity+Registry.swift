internal import Chain
internal import ContractKit
internal import Encodings
internal import LedgerCrypto
internal import Primitives

extension Identity {
    /// Work units per byte of JSON that is built, read or hashed.
    static let textWork: UInt64 = 40

    /// A version of an object about to be written.
    struct Version {
        let url: String
        let head: ObjectHead
        /// Canonical JSON text; empty for the end of a DID.
        let content: [UInt8]
        /// What is stored in place of `content` when that can be made from it.
        var stored: [UInt8]?
        var ending: UInt16 = 0
        var nextKey: Digest?

        init(
            url: String, head: ObjectHead, content: [UInt8], stored: [UInt8]? = nil, ending: UInt16 = 0,
            nextKey: Digest? = nil
        ) {
            self.url = url
            self.head = head
            self.content = content
            self.stored = stored
            self.ending = ending
            self.nextKey = nextKey
        }
    }

    static func write(_ version: Version, _ context: Context) throws(Rejection) -> ObjectNotice {
        let object = ObjectID(version.url).digest
        if version.head.latest > 1 {
            let last = try versions.get(Pair(object, version.head.latest - 1), in: context)
            try require(last.map { $0.time <= context.time } ?? false, timeGoesBack())
        }
        let digest = version.content.isEmpty ? Digest.zero : SHA256.hash(version.content)
        let record = ObjectVersion(
            content: digest, byteCount: UInt32(clamping: version.content.count), time: context.time,
            height: context.height, ending: version.ending,
            nextKey: version.nextKey)
        try heads.set(object, version.head, in: context)
        try versions.set(Pair(object, version.head.latest), record, in: context)
        try store(version.stored ?? version.content, digest, context)
        let notice = ObjectNotice(
            url: version.url, kind: version.head.kind, version: version.head.latest, content: digest)
        try context.emit(objectChanged, notice)
        return notice
    }

    /// Contents are kept by digest in parts, each once.
    private static func store(_ content: [UInt8], _ digest: Digest, _ context: Context) throws(Rejection) {
        if content.isEmpty { return }
        if try contents.contains(Pair(digest, 0), in: context) { return }
        var index: UInt16 = 0
        for start in stride(from: 0, to: content.count, by: ContentPart.bytesMax) {
            let end = min(content.count, start + ContentPart.bytesMax)
            try contents.set(Pair(digest, index), ContentPart(bytes: Array(content[start..<end])), in: context)
            index += 1
        }
    }

    /// The stored content of a version of `byteCount` bytes.
    static func content(_ digest: Digest, byteCount: Int, _ context: Context) throws(Rejection) -> [UInt8] {
        var bytes: [UInt8] = []
        var index: UInt16 = 0
        while bytes.count < byteCount {
            guard let part = try contents.get(Pair(digest, index), in: context) else {
                throw HostRejection.malformedState()
            }
            bytes += part.bytes
            index += 1
        }
        return bytes
    }

    // MARK: Who may

    static func networkName(_ context: Context) throws(Rejection) -> String {
        guard let record = try network.get(in: context) else { throw HostRejection.malformedState() }
        return record.name
    }

    static func liveDocument(
        _ did: DID, _ context: Context
    ) throws(Rejection) -> (head: ObjectHead, control: ControlRecord) {
        guard let head = try heads.get(did.object.digest, in: context),
            let control = try controls.get(did.object.digest, in: context)
        else { throw documentUnknown(did.description) }
        try require(!head.isDeactivated, documentDeactivated())
        return (head, control)
    }

    /// Refuses all but a control key of the DID or of one of its controllers, or a key with the grant `right`.
    static func authorise(
        _ authorisation: Authorisation, _ control: ControlRecord, _ network: String,
        _ granted: (ObjectID, GrantRights)?,
        _ digest: Digest, _ context: Context
    ) throws(Rejection) {
        let key = authorisation.key
        var isAllowed = control.controls(key)
        if !isAllowed { isAllowed = try isController(key, of: control, network, context) }
        if !isAllowed, let (object, right) = granted,
            let grant = try grants.get(Pair(object.digest, key), in: context)
        {
            isAllowed = grant.rights.contains(right) && grant.expiry >= context.time
        }
        try require(isAllowed, notController())
        try verify(authorisation, digest, context)
    }

    /// For changes of a document: when its present version holds a commitment, only the key that it names.
    static func authoriseChange(
        _ authorisation: Authorisation, _ control: ControlRecord, _ network: String, _ digest: Digest,
        _ context: Context
    ) throws(Rejection) {
        guard let commitment = control.nextKey else {
            return try authorise(authorisation, control, network, nil, digest, context)
        }
        try require(OperationDigest.commitment(to: authorisation.key) == commitment, commitmentBroken())
        try verify(authorisation, digest, context)
    }

    private static func isController(
        _ key: PublicKey, of control: ControlRecord, _ network: String, _ context: Context
    ) throws(Rejection) -> Bool {
        for digest in control.controllers {
            let object = DID(network: network, digest: digest).object.digest
            guard let head = try heads.get(object, in: context), !head.isDeactivated,
                let other = try controls.get(object, in: context)
            else { continue }
            if other.controls(key) { return true }
        }
        return false
    }

    private static func verify(
        _ authorisation: Authorisation, _ digest: Digest, _ context: Context
    ) throws(Rejection) {
        try context.spend(Context.signatureWork(authorisation.key.scheme))
        let isRight = SignatureVerifier.verify(authorisation.signature, by: authorisation.key, over: digest)
        try require(isRight, signatureWrong())
    }

    /// Refuses a DID that the named partner does not endorse now.
    static func requireEndorsed(_ did: DID, by endorser: String, _ context: Context) throws(Rejection) {
        guard let record = try endorsements.get(Pair(did.object.digest, endorser), in: context),
            record.withdrawn == nil, let partner = try context.partner(endorser), !partner.isSuspended,
            partner.roles.contains(.issuer)
        else { throw notEndorsed(endorser) }
    }
}
