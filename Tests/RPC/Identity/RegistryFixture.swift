import Chain
import ContractHost
import ContractKit
import Encodings
import Foundation
import Identity
import LedgerCrypto
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

    func values(_ keys: [[UInt8]]) async throws -> StateValues { try await node.values(keys) }

    func proof(_ keys: [[UInt8]]) async throws -> ProofBundle { try await node.proof(keys, at: nil) }
}
