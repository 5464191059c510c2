import Chain
import ContractHost
import ContractKit
import Encodings
import Foundation
import Identity
import LedgerCrypto
import LedgerState
import LightClient
import NodeClient
import Primitives
import Resolver
import TestSupport

/// A registry with a few objects in a `SmallNode`: contracts run in a bench, the node proves and certifies what they wrote.
final class RegistryFixture {
    static let network = "bench"

    let node: SmallNode
    private(set) var bench: ContractTestBench
    private let seeds: [[UInt8]] = (0..<8).map { SHA256.hash([UInt8($0)]).bytes }

    init(fixedNow: UInt64? = nil) async throws {
        node = try SmallNode(name: RegistryFixture.network, fixedNow: fixedNow)
        bench = try ContractTestBench(
            contracts: [ContractDefinition(Identity.self, sources: .zero)],
            partners: ["aurora": [.issuer, .validator, .council]],
            instances: [
                GenesisInstance(
                    WellKnown.identity, Identity.name,
                    arguments: IdentityGenesis(network: RegistryFixture.network, meters: []).bcs)
            ])
        let first = bench.state.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { StateChange(key: $0.key, value: $0.value) }
        try await node.take(first.filter { $0.key.starts(with: WellKnown.identity.bytes) })
    }

    // MARK: Keys and documents

    func key(_ index: Int) -> PublicKey {
        Ed25519.publicKey(seed: seeds[index]) ?? PublicKey(scheme: .ed25519, bytes: seeds[0])!
    }

    var signer: OperationSigner {
        OperationSigner(network: bench.network, name: RegistryFixture.network) { [seeds] key, digest in
            for seed in seeds where Ed25519.publicKey(seed: seed) == key {
                return Ed25519.sign(digest.bytes, seed: seed)
            }
            return nil
        }
    }

    func content(_ index: Int) -> DocumentContent {
        DocumentContent(
            keys: [
                DocumentKey("key-1", .signing(key(index)), [.authentication, .assertionMethod, .capabilityInvocation]),
                DocumentKey("key-2", .agreement(X25519.publicKey(secret: seeds[index])!), .keyAgreement),
            ],
            services: [
                DocumentService("files", type: "LinkedDomains", endpoint: "https://a.example/files/x"),
                DocumentService(
                    "agent", type: "DIDCommMessaging", endpoint: "https://a.example/didcomm", accept: ["didcomm/v2"]),
            ])
    }

    func did(_ index: Int) -> DID { content(index).did(network: RegistryFixture.network, nextKey: nil) }

    // MARK: Operations

    @discardableResult
    func send<Arguments, Output>(_ method: Method<Arguments, Output>, _ arguments: Arguments?) async throws -> Output {
        guard let arguments else { throw TestFailure("not signed") }
        let output = try bench.send(method, to: WellKnown.identity, arguments, as: "aurora")
        try await node.take(bench.lastChanges.filter { $0.key.starts(with: WellKnown.identity.bytes) })
        return output
    }

    func create(_ index: Int) async throws { try await send(Identity.create, signer.create(content(index))) }

    /// Key `to` takes over.
    func rotate(_ index: Int, from version: UInt32, by: Int, to: Int) async throws {
        try await send(
            Identity.update,
            signer.update(
                did(index).digest, from: version, to: content(to), known: [key(by)], by: key(by)))
    }

    func end(_ index: Int, at version: UInt32, by: Int) async throws {
        try await send(Identity.deactivate, signer.deactivate(did(index).digest, at: version, by: key(by)))
    }

    /// Schema `Member` of DID `index`; its DID URL.
    func schema(_ index: Int, creating: Bool = false) async throws -> String {
        if creating { try await create(index) }
        let did = did(index)
        let text =
            "{\"attrNames\":[\"since\"],\"issuerId\":\"\(did)\",\"name\":\"Member\",\"version\":\"1.0\"}"
        let url = did.description + ObjectPath.schema(name: "Member", version: "1.0")
        try await send(
            Identity.schema,
            signer.register(Array(text.utf8), at: url, of: did.digest, endorser: "aurora", by: key(index)))
        return url
    }

    /// The next operations are of a later time.
    func advance(seconds: UInt64) { bench.advance(milliseconds: seconds * 1_000) }

    /// An AnonCreds object of DID `index`; its DID URL.
    private func register(
        _ method: Method<RegisterObject, ObjectNotice>, _ json: String, at path: (Digest) -> String, of index: Int,
        parent: Digest
    ) async throws -> (url: String, content: Digest) {
        let content = try JSON(parsing: Array(json.utf8)).canonical() ?? []
        let url = did(index).description + path(parent)
        try await send(method, signer.register(content, at: url, of: did(index).digest, by: key(index)))
        return (url, SHA256.hash(content))
    }

    /// A revocation registry for three credentials under schema `Member` of DID `index`, which stays; its DID URL. The
    /// numbers are no keys, which is not for the ledger to say.
    func revocationRegistry(_ index: Int) async throws -> String {
        let schema = try await schema(index)
        let did = did(index).description
        let points = ["g", "g_dash", "h", "h0", "h1", "h2", "h_cap", "htilde", "pk", "u", "y"]
            .map { "\"\($0)\":\"1 0A\"" }.joined(separator: ",")
        let read = try await ask(schema, accept: "application/json").body
        let definition = try await register(
            Identity.credentialDefinition,
            """
            {"issuerId":"\(did)","schemaId":"\(schema)","type":"CL","tag":"main","value":{"revocation":{\(points)},
             "primary":{"n":"1","s":"2","z":"3","rctxt":"4","r":{"since":"8","master_secret":"9"}}}}
            """, at: { ObjectPath.credentialDefinition(schema: $0, tag: "main") }, of: index,
            parent: SHA256.hash(read))
        return try await register(
            Identity.revocationRegistry,
            """
            {"issuerId":"\(did)","revocDefType":"CL_ACCUM","credDefId":"\(definition.url)","tag":"0","value":{
             "publicKeys":{"accumKey":{"z":"1 0B"}},"maxCredNum":3,"tailsLocation":"https://tails.example/x",
             "tailsHash":"HLKresYcDSZYSKogq8wePpyYmpWyB1UKZC7oFzDbX9iA"}}
            """, at: { ObjectPath.revocationRegistry(definition: $0, tag: "0") }, of: index,
            parent: definition.content
        ).url
    }

    /// The next list of a registry, with the revoked credentials as bits; its DID URL.
    @discardableResult
    func revoke(_ bits: UInt8, in registry: String, after version: UInt32, by index: Int) async throws -> String {
        let state = RevocationState(accumulator: "21 1A\(version)", revoked: [bits])
        return try await send(
            Identity.revocationList,
            signer.revocationList(state, of: registry, after: version, by: key(index))
        ).url
    }

    /// The next anchor of status list `members` of DID `index`; its DID URL.
    @discardableResult
    func anchor(_ bytes: [UInt8], after version: UInt32, by index: Int) async throws -> String {
        try await send(
            Identity.statusList,
            signer.statusList(
                did(index).digest, name: "members", after: version, .revocation, at: "https://a.example/status/1",
                digest: SHA256.hash(bytes), by: key(index))
        ).url
    }

    /// Writes, as only more than two thirds of the validators together could, a document that is not the one whose digest
    /// its DID is; the DID.
    func forge(_ index: Int) async throws -> String {
        let forged = DID(network: RegistryFixture.network, digest: SHA256.hash([UInt8(index), 1]))
        let document = content(index).document(of: forged)
        let digest = SHA256.hash(document)
        let version = ObjectVersion(
            content: digest, byteCount: UInt32(document.count), time: bench.time, height: Height(1), ending: 0,
            nextKey: nil)
        var changes = [
            StateChange(
                key: RegistryKeys.head(forged.description),
                value: ObjectHead(kind: .document, owner: forged.digest).bcs),
            StateChange(key: RegistryKeys.version(forged.description, 1), value: version.bcs),
        ]
        for (part, start) in stride(from: 0, to: document.count, by: ContentPart.bytesMax).enumerated() {
            let bytes = Array(document[start..<min(start + ContentPart.bytesMax, document.count)])
            changes.append(
                StateChange(
                    key: Identity.contents.stateKey(Pair(digest, UInt16(part)), at: WellKnown.identity),
                    value: ContentPart(bytes: bytes).bcs))
        }
        try await node.take(changes)
        return forged.description
    }

    // MARK: Reading

    var resolver: Resolver { Resolver(network: node.genesis.network, reader: NodeReader(node: node)) }

    func ask(
        _ target: String, accept: String? = "application/did-resolution", _ options: [String: String] = [:]
    ) async throws -> ResolverAnswer {
        try await resolver.answer(
            ResolverRequest(
                target: target, options: options.map { DIDURL.Member(name: $0.key, value: $0.value) }, accept: accept))
    }

    var verifier: ResolutionVerifier {
        ResolutionVerifier(networkName: RegistryFixture.network, anchor: TrustAnchor(node.genesis))
    }

    static var now: Timestamp { Timestamp(UInt64(Date().timeIntervalSince1970 * 1_000)) }
}

struct NodeReader: RegistryReader {
    let node: SmallNode

    func finalState() async throws -> any FinalState { try await node.finalState() }

    func proof(_ keys: [[UInt8]], from epoch: Epoch) async throws -> ProofBundle {
        try await node.proof(keys, at: nil, from: epoch)
    }
}
