import Chain
import Encodings
import Identity
import LightClient
import NodeClient
import Primitives
import RPC
import Resolver
import TestSupport
import Testing

/// Whatever comes in and whatever fails inside: the errors of DID Resolution, and no others.
@Suite struct ResolutionErrorTests {
    /// Type of the error in a resolution or dereferencing result.
    private static func type(_ answer: RawHTTP.Answer) throws -> String {
        let json = try JSON(parsing: answer.body)
        let process = json["didResolutionMetadata"] ?? json["dereferencingMetadata"]
        guard case .null? = json["didDocument"] ?? json["content"] else { throw TestFailure(answer.text) }
        return process?["error"]?["type"]?.text ?? ""
    }

    @Test func brokenEscapesAreMalformedDIDs() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let cases: [(path: String, problem: ResolutionProblem.Kind)] = [
            ("%", .invalidDID), ("%zz", .invalidDID), ("did:cwatt:bench:%4", .invalidDID),
            ("did%3Acwatt%3Abench%3A%00", .invalidDID), ("\(did)%ff", .invalidDID),
            ("\(did)/anoncreds/%zz", .invalidDIDURL), ("\(did)/%", .invalidDIDURL), ("\(did)/a%25zz", .invalidDIDURL),
            ("\(did)?versionId=%z1", .invalidDIDURL), ("\(did)?%", .invalidDIDURL),
            ("\(did)?versionId=1&versionId=2", .invalidOptions), ("\(did)%3FversionId=x", .invalidOptions),
        ]
        try await TestServer.with(over: registry.node) { server in
            for one in cases {
                let answer = try await RawHTTP.send("GET", "/1.0/identifiers/\(one.path)", to: server.port)
                #expect(answer.status == 400, "\(one.path): \(answer.text)")
                #expect(try Self.type(answer) == one.problem.type, "\(one.path)")
            }
            // Many members and unknown ones are none.
            let many = (0..<40).map { "a\($0)=1" }.joined(separator: "&")
            #expect(try await RawHTTP.send("GET", "/1.0/identifiers/\(did)?\(many)", to: server.port).status == 200)
            // Elsewhere a broken escape is what it was.
            let other = try await RawHTTP.send("GET", "/v1/blocks/%zz", to: server.port)
            #expect(other.status == 400 && other.headers["content-type"] == "application/problem+json")
            #expect(try await RawHTTP.send("GET", "/nowhere/%zz", to: server.port).status == 400)
        }
    }

    @Test func aDiskThatFailsIsAnInternalError() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let node = registry.node
        try await TestServer.with(over: node) { server in
            let targets = [did, ResolutionTests.unknown, "\(did)?versionId=7"]
            for target in targets {
                #expect(try await RawHTTP.send("GET", "/1.0/identifiers/\(target)", to: server.port).status < 500)
            }
            await node.set(failure: .storage(StorageFailure("a block of the table has a wrong checksum")))
            let id = did.split(separator: ":")[3]
            for target in targets {
                for accept in ["*/*", "application/did-url-dereferencing", "application/did"] {
                    let answer = try await RawHTTP.send(
                        "GET", "/1.0/identifiers/\(target)", to: server.port, headers: [("Accept", accept)])
                    #expect(answer.status == 500)
                    let type =
                        accept == "application/did"
                        ? try JSON(parsing: answer.body)["type"]?.text ?? "" : try Self.type(answer)
                    #expect(type == ResolutionProblem.Kind.internalError.type, "\(answer.text)")
                    #expect(!answer.text.contains("checksum"), "what failed is for the log")
                }
            }
            #expect(try await RawHTTP.send("GET", "/did/bench/\(id)/did.json", to: server.port).status == 500)
            // What passes stays a general 503: another node answers.
            await node.set(failure: .unavailable("starting", retryAfterSeconds: 1))
            #expect(try await RawHTTP.send("GET", "/1.0/identifiers/\(did)", to: server.port).status == 503)
            await node.set(failure: nil)
            #expect(try await RawHTTP.send("GET", "/1.0/identifiers/\(did)", to: server.port).status == 200)
        }
    }

    /// The state is there, but not the proof of the absence in it.
    @Test func anUnprovableAbsenceIsAnInternalError() async throws {
        struct Unproved: RegistryReader {
            let reader: NodeReader
            func finalState() async throws -> any FinalState { try await reader.finalState() }
            func proof(_ keys: [[UInt8]], from epoch: Epoch) async throws -> ProofBundle {
                throw ResolutionProblem(.internalError, "no proof")
            }
        }
        let registry = try await RegistryFixture()
        let resolver = Resolver(
            network: registry.node.genesis.network, reader: Unproved(reader: NodeReader(node: registry.node)))
        let answer = try await resolver.answer(ResolverRequest(target: ResolutionTests.unknown))
        #expect(answer.status == 500)
        let error = try JSON(parsing: answer.body)["didResolutionMetadata"]?["error"]
        #expect(error?["type"]?.text == ResolutionProblem.Kind.internalError.type)
    }
}
