internal import Chain
internal import ContractKit
internal import Encodings
internal import LedgerCrypto
internal import Primitives

extension Identity {
    static func registerSchema(_ context: Context, _ request: RegisterObject) throws(Rejection) -> ObjectNotice {
        let (did, json) = try issuer(of: request, context)
        let form = try AnonCredsForms.schema(json)
        try requireEndorsed(did, by: request.endorser, context)
        let path = ObjectPath.schema(name: form.name, version: form.version)
        return try register(request, did, path, ObjectHead(kind: .schema, owner: did.digest), context)
    }

    static func registerCredentialDefinition(
        _ context: Context, _ request: RegisterObject
    ) throws(Rejection) -> ObjectNotice {
        let (did, json) = try issuer(of: request, context)
        let form = try AnonCredsForms.credentialDefinition(json)
        let parent = ObjectID(form.schema)
        let (_, version) = try object(parent, .schema, context)
        let text = try content(version.content, byteCount: Int(version.byteCount), context)
        guard let schema = try? JSON(parsing: text) else { throw HostRejection.malformedState() }
        try AnonCredsForms.check(basesOf: json, schema)
        let head = ObjectHead(
            kind: .credentialDefinition, owner: did.digest, parent: parent.digest, capacity: form.hasRevocation ? 1 : 0)
        let path = ObjectPath.credentialDefinition(schema: version.content, tag: form.tag)
        return try register(request, did, path, head, context)
    }

    static func registerRevocationRegistry(
        _ context: Context, _ request: RegisterObject
    ) throws(Rejection) -> ObjectNotice {
        let (did, json) = try issuer(of: request, context)
        let form = try AnonCredsForms.revocationRegistry(json)
        let parent = ObjectID(form.definition)
        let (definition, version) = try object(parent, .credentialDefinition, context)
        try require(definition.owner == did.digest, notItsOwner())
        try require(definition.capacity > 0, contentWrong("the credential definition has no revocation keys"))
        let head = ObjectHead(
            kind: .revocationRegistry, owner: did.digest, parent: parent.digest, capacity: form.capacity)
        let path = ObjectPath.revocationRegistry(definition: version.content, tag: form.tag)
        return try register(request, did, path, head, context)
    }

    /// A JSON Schema for W3C credentials. Its `$id` is the DID URL under which it is read.
    static func registerCredentialSchema(
        _ context: Context, _ request: RegisterObject
    ) throws(Rejection) -> ObjectNotice {
        let did = DID(network: try networkName(context), digest: request.owner)
        let json = try canonical(request.content, context)
        let url = json["$id"]?.text ?? ""
        let parts = url.dropFirst(did.description.count).split(separator: "/", omittingEmptySubsequences: false)
        guard url.utf8.starts(with: did.description.utf8), parts.count == 4, parts[0].isEmpty,
            JSON.same(parts[1], "schemas"), ObjectPath.isName(parts[2]), ObjectPath.isName(parts[3])
        else { throw nameWrong("$id") }
        try require(json["type"]?.isText("object") ?? false, contentWrong("the JSON Schema's type is object"))
        try requireEndorsed(did, by: request.endorser, context)
        let path = ObjectPath.credentialSchema(name: String(parts[2]), version: String(parts[3]))
        return try register(request, did, path, ObjectHead(kind: .credentialSchema, owner: did.digest), context)
    }

    // MARK: Parts

    /// The canonical JSON object that `content` is.
    private static func canonical(_ content: [UInt8], _ context: Context) throws(Rejection) -> JSON {
        try context.spend(UInt64(content.count) * textWork)
        guard let json = try? JSON(parsing: content), json.members != nil, json.canonical() == content else {
            throw notCanonical()
        }
        return json
    }

    private static func issuer(
        of request: RegisterObject, _ context: Context
    ) throws(Rejection) -> (DID, JSON) {
        let did = DID(network: try networkName(context), digest: request.owner)
        let json = try canonical(request.content, context)
        try require(json["issuerId"]?.isText(did.description) ?? false, issuerWrong())
        return (did, json)
    }

    static func object(
        _ id: ObjectID, _ kind: ObjectKind, _ context: Context
    ) throws(Rejection) -> (ObjectHead, ObjectVersion) {
        guard let head = try heads.get(id.digest, in: context), head.kind == kind,
            let version = try versions.get(Pair(id.digest, head.latest), in: context)
        else { throw objectUnknown() }
        return (head, version)
    }

    private static func register(
        _ request: RegisterObject, _ did: DID, _ path: String, _ head: ObjectHead, _ context: Context
    ) throws(Rejection) -> ObjectNotice {
        let url = did.description + path
        let (_, control) = try liveDocument(did, context)
        let id = ObjectID(url)
        try require(!heads.contains(id.digest, in: context), objectExists(url))
        let digest = OperationDigest.object(
            network: context.network, object: id.digest, previous: 0, content: SHA256.hash(request.content))
        try authorise(request.authorisation, control, did.network, (did.object, .register), digest, context)
        return try write(Version(url: url, head: head, content: request.content), context)
    }
}
