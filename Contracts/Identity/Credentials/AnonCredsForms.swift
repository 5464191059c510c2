internal import Chain
internal import ContractKit
internal import Encodings
internal import LedgerCrypto
internal import Primitives

/// The objects of AnonCreds v1 as their specification writes them: exactly these members, and values that a library can
/// parse. Whether the numbers make sense is for the issuer and its verifiers; the ledger keeps out everything else.
enum AnonCredsForms {
    static let attributesMax = 40
    static let attributeBytesMax = 64
    /// A number of 3,072 bits has 925 digits.
    static let digitsMax = 1_240

    /// Throws unless `json` is an object with exactly `names` (and perhaps `optional`).
    static func members(_ json: JSON?, _ names: [String], optional: [String] = []) throws(Rejection) {
        guard let members = json?.members else { throw Identity.contentWrong("an object is missing") }
        for name in names where json?[name] == nil { throw Identity.contentWrong("\(name) is missing") }
        for member in members where !(names + optional).contains(where: { JSON.same($0, member.name) }) {
            throw Identity.contentWrong("a member that the format does not have")
        }
    }

    static func name(_ json: JSON?) throws(Rejection) -> String {
        guard let text = json?.text, ObjectPath.isName(text) else { throw Identity.nameWrong() }
        return text
    }

    // MARK: Schema

    struct Schema {
        let name: String
        let version: String
        let attributes: [String]
    }

    static func schema(_ json: JSON) throws(Rejection) -> Schema {
        try members(json, ["attrNames", "issuerId", "name", "version"])
        var attributes: [String] = []
        for element in json["attrNames"]?.elements ?? [] { attributes.append(try name(element)) }
        let fits = (1...attributesMax).contains(attributes.count)
        try require(fits, Identity.contentWrong("a schema has 1 to \(attributesMax) attributes"))
        // Libraries fold case when they look attributes up.
        let folded = Set(attributes.map { Array($0.lowercased().utf8) })
        try require(folded.count == attributes.count, Identity.contentWrong("an attribute is there twice"))
        return Schema(name: try name(json["name"]), version: try name(json["version"]), attributes: attributes)
    }

    // MARK: Credential definition

    struct CredentialDefinition {
        let schema: String
        let tag: String
        let hasRevocation: Bool
    }

    static func credentialDefinition(_ json: JSON) throws(Rejection) -> CredentialDefinition {
        try members(json, ["issuerId", "schemaId", "tag", "type", "value"])
        try require(json["type"]?.isText("CL") ?? false, Identity.contentWrong("type is CL"))
        let value = json["value"]
        try members(value, ["primary"], optional: ["revocation"])
        let primary = value?["primary"]
        try members(primary, ["n", "r", "rctxt", "s", "z"])
        for name in ["n", "rctxt", "s", "z"] { try number(primary?[name]) }
        for member in primary?["r"]?.members ?? [] { try number(member.value) }
        if let revocation = value?["revocation"] {
            let names = ["g", "g_dash", "h", "h0", "h1", "h2", "h_cap", "htilde", "pk", "u", "y"]
            try members(revocation, names)
            for name in names { try point(revocation[name]) }
        }
        guard let schema = json["schemaId"]?.text, schema.utf8.count <= ObjectNotice.urlBytesMax else {
            throw Identity.contentWrong("schemaId")
        }
        return CredentialDefinition(
            schema: schema, tag: try name(json["tag"]), hasRevocation: value?["revocation"] != nil)
    }

    /// The bases of a credential definition are those of its schema's attributes, and one for the link secret.
    static func check(basesOf definition: JSON, _ schema: JSON) throws(Rejection) {
        let bases = (definition["value"]?["primary"]?["r"]?.members ?? []).map { Array($0.name.utf8) }
        let attributes = (schema["attrNames"]?.elements ?? []).compactMap { $0.text }
        let wanted = attributes.map { Array($0.lowercased().utf8) } + [Array("master_secret".utf8)]
        try require(Set(bases) == Set(wanted), Identity.contentWrong("r has not the attributes of the schema"))
    }

    // MARK: Revocation registry

    struct RevocationRegistry {
        let definition: String
        let tag: String
        let capacity: UInt32
    }

    static func revocationRegistry(_ json: JSON) throws(Rejection) -> RevocationRegistry {
        try members(json, ["credDefId", "issuerId", "revocDefType", "tag", "value"])
        try require(
            json["revocDefType"]?.isText("CL_ACCUM") ?? false, Identity.contentWrong("revocDefType is CL_ACCUM"))
        let value = json["value"]
        try members(value, ["maxCredNum", "publicKeys", "tailsHash", "tailsLocation"])
        try members(value?["publicKeys"], ["accumKey"])
        try members(value?["publicKeys"]?["accumKey"], ["z"])
        try point(value?["publicKeys"]?["accumKey"]?["z"])
        guard let capacity = value?["maxCredNum"]?.whole,
            (1...UInt64(RevocationState.credentialsMax)).contains(capacity)
        else { throw Identity.contentWrong("maxCredNum is 1 to \(RevocationState.credentialsMax)") }
        let hash = value?["tailsHash"]?.text ?? ""
        let isHash = (32...64).contains(hash.utf8.count) && hash.utf8.allSatisfy(DocumentRules.isAlphanumeric)
        try require(isHash, Identity.contentWrong("tailsHash"))
        try require(DocumentRules.isHTTPS(value?["tailsLocation"]?.text ?? ""), Identity.notHTTPS("tailsLocation"))
        guard let definition = json["credDefId"]?.text, definition.utf8.count <= ObjectNotice.urlBytesMax else {
            throw Identity.contentWrong("credDefId")
        }
        return RevocationRegistry(
            definition: definition, tag: try name(json["tag"]), capacity: UInt32(clamping: capacity))
    }

    // MARK: Values

    /// Decimal digits.
    private static func number(_ json: JSON?) throws(Rejection) {
        let digits = json?.text ?? ""
        let fits = (1...digitsMax).contains(digits.utf8.count) && digits.utf8.allSatisfy { (48...57).contains($0) }
        try require(fits, Identity.contentWrong("a number is not written in decimal digits"))
    }

    /// Hexadecimal digits of coordinates, separated by single spaces.
    private static func point(_ json: JSON?) throws(Rejection) {
        try require(isPoint(json?.text ?? ""), Identity.contentWrong("a point is not written in hexadecimal digits"))
    }

    static func isPoint(_ text: String) -> Bool {
        (1...UpdateRevocationList.accumulatorBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { (48...57).contains($0) || (65...70).contains($0) || $0 == 32 }
    }
}
