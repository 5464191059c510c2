import ContractHost
import Encodings
import Identity
import LightClient
import NodeClient
import Primitives
import Resolver
import TestSupport
import Testing

@Suite struct ResolutionTests {
    static let unknown = "did:cwatt:bench:QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"

    @Test func theFormIsTheOneThatWasAskedFor() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let document = registry.content(0).document(of: registry.did(0))
        let table: [(String?, String)] = [
            (nil, Representation.oldResultType), ("*/*", Representation.oldResultType),
            ("text/html, */*;q=0.1", Representation.oldResultType),
            ("application/did-resolution", "application/did-resolution"),
            ("application/did", "application/did"), ("application/did+json", "application/did+json"),
            ("application/did+ld+json", "application/did+ld+json"), ("application/json", "application/json"),
            ("application/did-url-dereferencing", "application/did-url-dereferencing"),
            (
                "application/ld+json;profile=\"https://w3id.org/did-url-dereferencing\"",
                "application/did-url-dereferencing"
            ),
            ("application/ld+json;profile=\"https://w3id.org/did-resolution\"", Representation.oldResultType),
            ("application/json;q=0.5, application/did", "application/did"),
        ]
        for (accept, type) in table {
            let answer = try await registry.ask(did, accept: accept)
            #expect(answer.status == 200)
            #expect(answer.mediaType == type, "\(accept ?? "none")")
            let json = try JSON(parsing: answer.body)
            if type.contains("dereferencing") {
                #expect(json["content"]?.canonical() == document && json["contentStream"]?.canonical() == document)
            } else if type.contains("did-resolution") {
                #expect(json["didDocument"]?.canonical() == document)
                #expect(json["didResolutionMetadata"]?["contentType"]?.text == "application/did")
                #expect(json["didDocumentMetadata"]?["proof"]?["format"]?.text == "commonwatt/proof-bundle/1")
            } else {
                #expect(answer.body == document)
            }
            #expect(answer.headers.contains { $0.name == "Cache-Control" && $0.value == "public, max-age=5" })
        }
        let bare = try await registry.ask(did, ["proof": "0"])
        #expect(try JSON(parsing: bare.body)["didDocumentMetadata"]?["proof"] == nil)
    }

    /// The quick way of writing a bundle gives what its coder gives, whatever was written before.
    @Test func bundlesAreWrittenAsTheirCoderDoes() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let text = ProofBundleText()
        for count in [0, 1, 3] {
            let keys = (0..<count).map { RegistryKeys.head("did:cwatt:bench:\($0)") }
            let bundle = try await registry.node.proof(keys, at: nil, from: Epoch(0))
            for _ in 0..<2 {
                #expect(text.compact(bundle) == JSONCoder<ProofBundle>.proofBundle.encode(bundle).compact)
            }
        }
    }

    static let mistakes: [(String, [String: String], String, Int, String)] = [
        ("not-a-did", [:], "INVALID_DID", 400, "application/did-resolution"),
        ("did:example", [:], "INVALID_DID", 400, "application/did-resolution"),
        ("did:cwatt:bench:xyz", [:], "INVALID_DID", 400, "application/did-resolution"),
        ("did:cwatt:bench:Привет", [:], "INVALID_DID", 400, "application/did-resolution"),
        ("did:cwatt:BENCH:QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", [:], "INVALID_DID", 400, "*/*"),
        (unknown + "/a path", [:], "INVALID_DID_URL", 400, "*/*"),
        (unknown + "?versionId=%zz", [:], "INVALID_DID_URL", 400, "*/*"),
        (unknown, ["versionId": "one"], "INVALID_OPTIONS", 400, "*/*"),
        (unknown, ["versionTime": "yesterday"], "INVALID_OPTIONS", 400, "*/*"),
        (unknown, ["versionTime": "2026-02-30T00:00:00Z"], "INVALID_OPTIONS", 400, "*/*"),
        (unknown, ["proof": "maybe"], "INVALID_OPTIONS", 400, "*/*"),
        (unknown, ["minimumHeight": "-1"], "INVALID_OPTIONS", 400, "*/*"),
        (unknown, [:], "NOT_FOUND", 404, "application/did-resolution"),
        (unknown + "/anoncreds/v1/SCHEMA/x/1", [:], "NOT_FOUND", 404, "application/did-url-dereferencing"),
        (unknown + "/anoncreds/v1/SCHEMA/x/1", [:], "REPRESENTATION_NOT_SUPPORTED", 406, "application/did-resolution"),
        ("did:unsupported:123456789abcdefghi", [:], "METHOD_NOT_SUPPORTED", 501, "application/did-resolution"),
        (unknown, ["hl": "zQm"], "FEATURE_NOT_SUPPORTED", 501, "*/*"),
        (unknown, [:], "REPRESENTATION_NOT_SUPPORTED", 406, "text/html"),
    ]

    @Test(arguments: mistakes.indices) func errorsAreThoseOfTheTable(index: Int) async throws {
        let registry = try await RegistryFixture()
        let (target, options, name, status, accept) = Self.mistakes[index]
        let answer = try await registry.ask(target, accept: accept, options)
        #expect(answer.status == status)
        let json = try JSON(parsing: answer.body)
        let metadata = json["didResolutionMetadata"] ?? json["dereferencingMetadata"]
        #expect(metadata?["error"]?["type"]?.text == "https://www.w3.org/ns/did#\(name)")
        #expect(metadata?["error"]?["status"]?.whole == UInt64(status))
        #expect((json["didDocumentMetadata"] ?? json["contentMetadata"])?.members?.isEmpty == true)
        if case .null? = json["didDocument"] ?? json["content"] {} else { Issue.record("a document beside an error") }
        #expect((metadata?["proof"] != nil) == (name == "NOT_FOUND"))
        let plain = try await registry.ask(target, accept: "application/json", options)
        if plain.status >= 400 { #expect(plain.mediaType == "application/problem+json") }
    }

    @Test func versionsAreFoundByNumberAndTime() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let created = registry.bench.time
        try await registry.rotate(0, from: 1, by: 0, to: 1)
        try await registry.rotate(0, from: 2, by: 1, to: 2)
        let did = registry.did(0).description
        func version(_ options: [String: String]) async throws -> (String?, JSON) {
            let json = try JSON(parsing: try await registry.ask(did, options).body)
            return (json["didDocumentMetadata"]?["versionId"]?.text, json)
        }
        #expect(try await version([:]).0 == "3")
        let (second, json) = try await version(["versionId": "2"])
        #expect(second == "2")
        #expect(json["didDocumentMetadata"]?["nextVersionId"]?.text == "3")
        #expect(json["didDocumentMetadata"]?["created"]?.text == DateTime.text(created))
        #expect(json["didDocument"]?.canonical() == registry.content(1).document(of: registry.did(0)))
        // A time in whole seconds means all of that second; blocks of the bench are a second apart.
        #expect(try await version(["versionTime": DateTime.text(created)]).0 == "1")
        #expect(try await version(["versionTime": DateTime.text(created.adding(milliseconds: 1_000))]).0 == "2")
        #expect(try await version(["versionTime": "2199-01-01T00:00:00Z"]).0 == "3")
        #expect(try await version(["versionTime": DateTime.text(created), "versionId": "1"]).0 == "1")
        #expect(try await registry.ask(did, ["versionTime": DateTime.text(created), "versionId": "2"]).status == 404)
        #expect(try await registry.ask(did, ["versionTime": "2001-01-01T00:00:00Z"]).status == 404)
        #expect(try await registry.ask(did, ["versionId": "4"]).status == 404)
        #expect(try await registry.ask(did, ["versionId": "0"]).status == 404)
        #expect(try await registry.ask("\(did)?versionId=1").status == 200)
        try await registry.end(0, at: 3, by: 2)
        let ended = try await registry.ask(did)
        #expect(ended.status == 410)
        #expect(try await registry.ask(did, accept: "application/did").status == 410)
        let old = try await registry.ask(did, ["versionId": "1"])
        #expect(old.status == 200)
        let metadata = try JSON(parsing: old.body)["didDocumentMetadata"]
        if case .bool(true)? = metadata?["deactivated"] {} else { Issue.record("deactivation is hidden") }
    }

    @Test func partsAndServicesAreDereferenced() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let key = try await registry.ask("\(did)#key-1", accept: "application/json")
        #expect(try JSON(parsing: key.body)["type"]?.text == "Multikey")
        #expect(try await registry.ask("\(did)#nothing", accept: "application/json").status == 404)
        let places: [(String, String?)] = [
            ("\(did)?service=files", "https://a.example/files/x"),
            ("\(did)?service=files&relativeRef=%2Fother", "https://a.example/other"),
            ("\(did)?service=files&relativeRef=y%3Fz", "https://a.example/files/y?z"),
            ("\(did)?service=files&relativeRef=..%2F..%2Fq", "https://a.example/q"),
            ("\(did)?service=files#part", "https://a.example/files/x#part"),
            ("\(did)?service=agent", "https://a.example/didcomm"),
            ("\(did)?service=files&relativeRef=%2F%2Fevil.example", nil),
            ("\(did)?service=files&relativeRef=https%3A%2F%2Fevil.example", nil), ("\(did)?service=none", nil),
        ]
        for (url, place) in places {
            let answer = try await registry.ask(url, accept: "application/did-url-dereferencing")
            #expect(answer.headers.first { $0.name == "Location" }?.value == place, "\(url)")
            #expect((answer.status == 303) == (place != nil))
            if place != nil { #expect(answer.body.isEmpty && answer.mediaType == nil) }
        }
        let schema = try await registry.schema(0)
        let answer = try await registry.ask(schema, accept: "application/json")
        #expect(try JSON(parsing: answer.body)["name"]?.text == "Member")
        #expect(answer.headers.contains { $0.value == "public, max-age=3600" })
        #expect(try await registry.ask(schema, accept: "application/did").status == 406)
    }

    @Test func everyDIDAnswersAsWebDID() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0)
        let id = String(did.description.split(separator: ":")[3])
        let answer = try await registry.resolver.webDocument(host: "node.example:8443", network: "bench", id: id)
        let json = try JSON(parsing: answer.body)
        let name = "did:web:node.example%3A8443:did:bench:\(id)"
        #expect(json["id"]?.text == name)
        #expect(json["alsoKnownAs"]?.elements?.first?.text == did.description)
        #expect(json["authentication"]?.elements?.first?.text == "\(name)#key-1")
        #expect(
            !String(decoding: answer.body, as: UTF8.self).replacing("\"\(did)\"", with: "").contains(did.description))
        for host in ["", "a b", "<script>", "a:b:c", "a:123456"] {
            #expect(try await registry.resolver.webDocument(host: host, network: "bench", id: id).status == 400)
        }
        #expect(try await registry.resolver.webDocument(host: "a.example", network: "bench", id: "Qm").status == 400)
        #expect(try await registry.resolver.ownWebDocument(host: "a.example", did: nil).status == 404)
        let own = try await registry.resolver.ownWebDocument(host: "a.example", did: did.description)
        #expect(try JSON(parsing: own.body)["id"]?.text == "did:web:a.example")
    }
}
