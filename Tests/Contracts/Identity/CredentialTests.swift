import Chain
import ContractHost
import ContractKit
import Encodings
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// An issuer with everything that AnonCreds needs on the ledger.
struct Issuer {
    let acme = Organisation(name: "acme")
    var bench: ContractTestBench
    let signer: OperationSigner

    init() throws {
        bench = try Consortium.identityBench()
        signer = acme.signer(bench)
        _ = bench.identity(Identity.create, signer.create(acme.content))
    }

    var did: String { acme.did.description }
    var key: PublicKey { acme.ed25519() }
    let schemaPath = ObjectPath.schema(name: "Member", version: "1.0")
    var schemaURL: String { did + schemaPath }
    var definitionURL: String {
        did + ObjectPath.credentialDefinition(schema: SHA256.hash(SampleCredentials.schema(did)), tag: "main")
    }
    var definition: [UInt8] { SampleCredentials.definition(did, schema: schemaURL) }
    var registryURL: String {
        did + ObjectPath.revocationRegistry(definition: SHA256.hash(definition), tag: "r1")
    }

    mutating func register(
        _ method: Method<RegisterObject, ObjectNotice>, _ content: [UInt8], at url: String, endorser: String = "aurora",
        by key: PublicKey? = nil
    ) -> UInt16? {
        let call = signer.register(
            content, at: url, of: acme.did.digest, endorser: endorser, by: key ?? self.key)
        return bench.identity(method, call)
    }

    mutating func list(_ bytes: [UInt8], after previous: UInt32, by key: PublicKey? = nil) -> UInt16? {
        let state = RevocationState(accumulator: "21 1A 21 2B", revoked: bytes)
        return bench.identity(
            Identity.revocationList,
            signer.revocationList(state, of: registryURL, after: previous, by: key ?? self.key))
    }

    /// Schema, credential definition and registry.
    mutating func registerAll() -> [UInt16?] {
        [
            register(Identity.schema, SampleCredentials.schema(did), at: schemaURL),
            register(Identity.credentialDefinition, definition, at: definitionURL),
            register(
                Identity.revocationRegistry, SampleCredentials.registry(did, definition: definitionURL),
                at: registryURL),
        ]
    }
}

@Suite struct CredentialTests {
    @Test func objectsAreRegisteredOnceAndStay() throws {
        var issuer = try Issuer()
        #expect(issuer.registerAll() == [nil, nil, nil])
        let again = Identity.objectExists.code
        #expect(issuer.registerAll() == [again, again, again])
        let schema = try issuer.bench.text(issuer.schemaURL, 1)
        #expect(schema == SampleCredentials.schema(issuer.did))
        #expect(try issuer.bench.version(issuer.schemaURL, 1)?.content == SHA256.hash(schema))
        #expect(try issuer.bench.head(issuer.definitionURL)?.parent == ObjectID(issuer.schemaURL).digest)
        #expect(try issuer.bench.head(issuer.registryURL)?.capacity == 20)
        // The same name with other attributes is the same schema, and refused.
        let other = SampleCredentials.schema(issuer.did, attributes: ["else"])
        #expect(issuer.register(Identity.schema, other, at: issuer.schemaURL) == again)
    }

    @Test func revocationListsFollowEachOther() throws {
        var issuer = try Issuer()
        #expect(issuer.list([0, 0, 0], after: 0) == Identity.objectUnknown.code)
        _ = issuer.registerAll()
        #expect(issuer.list([0, 0, 0], after: 1) == Identity.versionConflict.code)
        #expect(issuer.list([0, 0, 0], after: 0) == nil)
        #expect(issuer.list([0, 0, 0], after: 0) == Identity.versionConflict.code)
        #expect(issuer.list([0x81, 0, 0x08], after: 1) == nil)
        #expect(issuer.list([0, 0], after: 2) == Identity.listWrong.code)
        #expect(issuer.list([0, 0, 0x10], after: 2) == Identity.listWrong.code)
        let url = try #require(RevocationState.listURL(ofRegistry: issuer.registryURL))
        #expect(RevocationState.registryURL(ofList: url) == issuer.registryURL)
        let version = try #require(try issuer.bench.version(url, 2))
        let state = try RevocationState(bcs: try issuer.bench.text(url, 2))
        let content = state.content(
            issuer: issuer.did, registry: issuer.registryURL, capacity: 20, time: version.time)
        #expect(SHA256.hash(content) == version.content)
        #expect(content.count == Int(version.byteCount))
        let json = try JSON(parsing: content)
        #expect(json.canonical() == content)
        let bits = try #require(json["revocationList"]?.elements).map { $0.whole ?? 9 }
        #expect(bits == [1, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 1])
        #expect(json["timestamp"]?.whole == version.time.value / 1_000)
    }

    @Test func onlyTheIssuerAndItsGranteesWrite() throws {
        var issuer = try Issuer()
        _ = issuer.registerAll()
        let did = issuer.acme.did.digest
        let agent = issuer.acme.ed25519("agent")
        #expect(issuer.list([0, 0, 0], after: 0, by: agent) == Identity.notController.code)
        let expiry = issuer.bench.time.adding(milliseconds: 86_400_000)
        let grant = issuer.signer.grant(did, sequence: 0, to: agent, .revoke, until: expiry, by: issuer.key)
        #expect(issuer.bench.identity(Identity.grant, grant) == nil)
        #expect(issuer.bench.identity(Identity.grant, grant) == Identity.sequenceWrong.code)
        #expect(issuer.list([0, 0, 0], after: 0, by: agent) == nil)
        // The right to revoke is none to register, to change the document or to grant.
        let other = SampleCredentials.schema(issuer.did, name: "Other")
        let url = issuer.did + ObjectPath.schema(name: "Other", version: "1.0")
        #expect(issuer.register(Identity.schema, other, at: url, by: agent) == Identity.notController.code)
        let update = issuer.signer.update(
            did, from: 1, to: issuer.acme.rotated(to: "agent"), known: [issuer.key], by: agent)
        #expect(issuer.bench.identity(Identity.update, update) == Identity.notController.code)
        let further = issuer.signer.grant(did, sequence: 1, to: agent, .all, until: expiry, by: agent)
        #expect(issuer.bench.identity(Identity.grant, further) == Identity.notController.code)
        // It ends by its expiry, and when it is taken back.
        issuer.bench.advance(milliseconds: 86_400_001)
        #expect(issuer.list([1, 0, 0], after: 1, by: agent) == Identity.notController.code)
        let late = issuer.signer.grant(did, sequence: 1, to: agent, .all, until: expiry, by: issuer.key)
        #expect(issuer.bench.identity(Identity.grant, late) == Identity.grantWrong.code)
        let end = issuer.signer.grant(did, sequence: 1, to: agent, [], until: expiry, by: issuer.key)
        #expect(issuer.bench.identity(Identity.grant, end) == nil)
        let twice = issuer.signer.grant(did, sequence: 2, to: agent, [], until: expiry, by: issuer.key)
        #expect(issuer.bench.identity(Identity.grant, twice) == Identity.grantUnknown.code)
    }

    @Test func schemasNeedAnEndorsementOfThisMoment() throws {
        var issuer = try Issuer()
        let content = SampleCredentials.schema(issuer.did)
        #expect(
            issuer.register(Identity.schema, content, at: issuer.schemaURL, endorser: "borealis")
                == Identity.notEndorsed.code)
        #expect(issuer.bench.identity(Identity.withdraw, DocumentID(did: issuer.acme.did.digest)) == nil)
        #expect(issuer.register(Identity.schema, content, at: issuer.schemaURL) == Identity.notEndorsed.code)
        #expect(
            issuer.bench.identity(Identity.endorse, DocumentID(did: issuer.acme.did.digest), as: "borealis") == nil)
        #expect(issuer.register(Identity.schema, content, at: issuer.schemaURL, endorser: "borealis") == nil)
    }

    @Test func otherPeoplesObjectsAreNotBuiltOn() throws {
        var issuer = try Issuer()
        _ = issuer.registerAll()
        let rival = Organisation(name: "rival")
        let signer = rival.signer(issuer.bench)
        #expect(issuer.bench.identity(Identity.create, signer.create(rival.content)) == nil)
        let name = rival.did.description
        // A credential definition over the schema of another is ordinary; a registry over its definition is not.
        let definition = SampleCredentials.definition(name, schema: issuer.schemaURL)
        let path = ObjectPath.credentialDefinition(
            schema: SHA256.hash(SampleCredentials.schema(issuer.did)), tag: "main")
        let call = signer.register(definition, at: name + path, of: rival.did.digest, by: rival.ed25519())
        #expect(issuer.bench.identity(Identity.credentialDefinition, call) == nil)
        let registry = SampleCredentials.registry(name, definition: issuer.definitionURL)
        let url = name + ObjectPath.revocationRegistry(definition: SHA256.hash(issuer.definition), tag: "r1")
        let theft = signer.register(registry, at: url, of: rival.did.digest, by: rival.ed25519())
        #expect(issuer.bench.identity(Identity.revocationRegistry, theft) == Identity.notItsOwner.code)
        let asAcme = signer.register(
            SampleCredentials.schema(issuer.did, name: "X"), at: url, of: rival.did.digest, endorser: "aurora",
            by: rival.ed25519())
        #expect(issuer.bench.identity(Identity.schema, asAcme) == Identity.issuerWrong.code)
        let state = RevocationState(accumulator: "1 1", revoked: [0, 0, 0])
        let list = signer.revocationList(state, of: issuer.registryURL, after: 0, by: rival.ed25519())
        #expect(issuer.bench.identity(Identity.revocationList, list) == Identity.notController.code)
    }

    @Test func contentsAgainstTheFormatAreRefused() throws {
        var issuer = try Issuer()
        _ = issuer.registerAll()
        let did = issuer.did
        let wrong = Identity.contentWrong.code
        func spoil(_ bytes: [UInt8], _ old: String, _ new: String) -> [UInt8] {
            SampleCredentials.canonical(String(decoding: bytes, as: UTF8.self).replacing(old, with: new))
        }
        let schema = SampleCredentials.schema(did, name: "New")
        let cases: [(Method<RegisterObject, ObjectNotice>, [UInt8], UInt16)] = [
            (Identity.schema, [0x20] + schema, Identity.notCanonical.code),
            (Identity.schema, Array("[]".utf8), Identity.notCanonical.code),
            (Identity.schema, Array("{\"issuerId\":1.5}".utf8), Identity.notCanonical.code),
            (Identity.schema, spoil(schema, "\"New\"", "\"A New Schema\""), Identity.nameWrong.code),
            (Identity.schema, spoil(schema, "\"1.0\"", "\"..\""), Identity.nameWrong.code),
            (Identity.schema, spoil(schema, "Since", "date of birth"), Identity.nameWrong.code),
            (Identity.schema, spoil(schema, "Since", "COMMUNITY"), wrong),
            (Identity.schema, spoil(schema, "[\"community\",\"Since\"]", "[]"), wrong),
            (Identity.schema, spoil(schema, "\"attrNames\"", "\"note\":\"free text\",\"attrNames\""), wrong),
            (Identity.credentialDefinition, spoil(issuer.definition, "\"CL\"", "\"BBS\""), wrong),
            (Identity.credentialDefinition, spoil(issuer.definition, "\"since\"", "\"until\""), wrong),
            (Identity.credentialDefinition, spoil(issuer.definition, "\"n\":\"1\"", "\"n\":\"0x1\""), wrong),
            (Identity.credentialDefinition, spoil(issuer.definition, "\"1 0A 2 FF\"", "\"Jane Doe\""), wrong),
            (
                Identity.credentialDefinition, spoil(issuer.definition, "/SCHEMA/", "/SCHEME/"),
                Identity.objectUnknown.code
            ),
            (
                Identity.revocationRegistry,
                SampleCredentials.registry(did, definition: issuer.definitionURL, capacity: 0),
                wrong
            ),
            (
                Identity.revocationRegistry,
                SampleCredentials.registry(did, definition: issuer.definitionURL, capacity: 32_769), wrong
            ),
            (
                Identity.revocationRegistry,
                SampleCredentials.registry(did, definition: issuer.definitionURL, tails: "http://tails.example/x"),
                Identity.notHTTPS.code
            ),
            (
                Identity.revocationRegistry, SampleCredentials.registry(did, definition: issuer.schemaURL),
                Identity.objectUnknown.code
            ),
        ]
        for (index, (method, content, code)) in cases.enumerated() {
            #expect(issuer.register(method, content, at: did) == code, "case \(index)")
        }
        let plain = SampleCredentials.definition(did, schema: issuer.schemaURL, tag: "plain", revocable: false)
        let url =
            did + ObjectPath.credentialDefinition(schema: SHA256.hash(SampleCredentials.schema(did)), tag: "plain")
        #expect(issuer.register(Identity.credentialDefinition, plain, at: url) == nil)
        let registry = SampleCredentials.registry(did, definition: url)
        #expect(issuer.register(Identity.revocationRegistry, registry, at: did) == wrong)
    }

    @Test func credentialSchemasAndStatusListsAreAnchored() throws {
        var issuer = try Issuer()
        let path = ObjectPath.credentialSchema(name: "Member", version: "1.0")
        let content = SampleCredentials.canonical(
            "{\"$id\":\"\(issuer.did)\(path)\",\"type\":\"object\",\"properties\":{\"since\":{\"type\":\"string\"}}}")
        #expect(issuer.register(Identity.credentialSchema, content, at: issuer.did + path) == nil)
        #expect(try issuer.bench.text(issuer.did + path, 1) == content)
        let elsewhere = SampleCredentials.canonical("{\"$id\":\"https://a.example/x\",\"type\":\"object\"}")
        #expect(issuer.register(Identity.credentialSchema, elsewhere, at: issuer.did) == Identity.nameWrong.code)
        func anchor(_ previous: UInt32, _ purpose: AnchorStatusList.Purpose, _ url: String) -> AnchorStatusList? {
            issuer.signer.statusList(
                issuer.acme.did.digest, name: "l1", after: previous, purpose, at: url, digest: .zero, by: issuer.key)
        }
        let place = "https://status.example/1"
        let calls: [(AnchorStatusList?, UInt16?)] = [
            (anchor(0, .revocation, "ftp://status.example/1"), Identity.notHTTPS.code),
            (anchor(1, .revocation, place), Identity.versionConflict.code), (anchor(0, .revocation, place), nil),
            (anchor(0, .revocation, place), Identity.versionConflict.code), (anchor(1, .revocation, place), nil),
            (anchor(2, .suspension, place), Identity.contentWrong.code),
        ]
        for (call, code) in calls { #expect(issuer.bench.identity(Identity.statusList, call) == code) }
        let json = try JSON(parsing: try issuer.bench.text(issuer.did + ObjectPath.statusList(name: "l1"), 2))
        #expect(json["statusPurpose"]?.text == "revocation")
    }
}
