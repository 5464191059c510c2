internal import Chain
internal import ContractKit
internal import Encodings
internal import Foundation
internal import Identity
internal import IdentityClient
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Resolver

/// Work with the registry through any node: the chain's session of the partner that sends, and the wallet that signs.
struct RegistrySession {
    let chain: ChainSession
    let network: Digest

    init(_ client: NodeClient, _ sender: Sender) async throws {
        chain = try await ChainSession(client, sender)
        network = chain.network
    }

    func run<Arguments: ContractValue>(
        _ method: Method<Arguments, ObjectNotice>, _ arguments: Arguments?, doing what: String
    ) async throws -> (notice: ObjectNotice, height: Height) {
        guard let arguments else { throw UserError("The wallet lacks a key that must sign \(what).") }
        let result = try await chain.run([method.call(on: WellKnown.identity, arguments)], doing: what)
        guard let output = result.receipt.outputs.first else { throw UserError("The receipt has no result.") }
        return (try method.output(output), result.height)
    }

    /// The newest version's number on the node's word, which the chain checks again when a change names it.
    func latest(_ url: String) async throws -> UInt32 {
        let read = try await chain.client.value(RegistryKeys.head(url))
        guard let value = read.value else { throw UserError("The registry has no \(url).") }
        return try ObjectHead(bcs: value).latest
    }

    /// The version that a change names as the one before it: `given`, else the newest, else 0.
    func previous(of url: String, _ given: UInt32?) async throws -> UInt32 {
        if let given { return given }
        let head = try await chain.client.value(RegistryKeys.head(url)).value
        return try head.map { try ObjectHead(bcs: $0).latest } ?? 0
    }

    /// Number of the grants of a DID so far, which the next one names.
    func grantSequence(_ did: DID) async throws -> UInt64 {
        let key = Identity.controls.stateKey(did.object.digest, at: WellKnown.identity)
        guard let value = try await chain.client.value(key).value else {
            throw UserError("The registry has no \(did.description).")
        }
        return try ControlRecord(bcs: value).sequence
    }

    /// The partner that the sending key acts for or belongs to: the endorser of what it sends.
    func partner() async throws -> String {
        guard let partner = try await chain.partner() else {
            throw UserError("The key that sends belongs to no partner; name the endorser with --endorser.")
        }
        return partner
    }
}

/// How a command reads from the registry.
enum RegistryReading {
    /// Resolves with proof when something is trusted, else on the node's word.
    static func resolve(
        _ target: String, _ selection: VersionSelection, _ nodes: NodeOptions, _ trust: Trust?, ageSeconds: UInt64
    ) async throws -> (content: [UInt8], resolution: VerifiedResolution?) {
        guard let trust else {
            let body = try await nodes.with(nil) { client in
                try await IdentityReader(client: client, networkName: "").fetch(target, selection)
            }
            return (body, nil)
        }
        return try await nodes.with(trust) { client in
            let reader = IdentityReader(
                client: client, networkName: trust.networkName, ageMillisecondsMax: ageSeconds &* 1_000)
            let resolution = try await reader.resolve(target, selection)
            if case .content(let bytes) = resolution.outcome { return (bytes, resolution) }
            return ([], resolution)
        }
    }

    /// Indented text of JSON, as given when it is none.
    static func pretty(_ json: [UInt8]) -> String {
        (try? JSONValue(parsing: json)).map { String(decoding: $0.pretty, as: UTF8.self) }
            ?? String(decoding: json, as: UTF8.self)
    }
}
