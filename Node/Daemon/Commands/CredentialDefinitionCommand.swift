internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Encodings
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Resolver

struct CredentialDefinitionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "creddef",
        abstract: "Register AnonCreds credential definitions, revocation registries and revocation lists.",
        discussion: "The contents come from an AnonCreds library: the JSON of their public parts, in files.",
        subcommands: [Register.self, Registry.self, RevocationListCommand.self, Show.self])

    /// Digest of the newest version's content, on the node's word: the chain checks it again.
    static func digest(of url: String, _ nodes: NodeOptions) async throws -> Digest {
        try await nodes.with { client in
            guard let value = try await client.value(RegistryKeys.version(url, 1)).value else {
                throw UserError("The registry has no \(url).")
            }
            return try ObjectVersion(bcs: value).content
        }
    }

    /// Registers the object in a file, whose DID URL follows from its tag and the digest of its parent.
    static func register(
        _ file: String, _ method: Method<RegisterObject, ObjectNotice>, _ what: String, parent: String,
        _ options: RegisterOptions, _ path: (Digest, String) -> String
    ) async throws {
        let json = try RegisterOptions.read(file, issuer: try DIDWallet.read(options.wallet).identifier())
        guard let url = json[parent]?.text, !url.isEmpty else {
            throw UserError("\(file) is no \(what): it has no '\(parent)'.")
        }
        let digest = try await digest(of: url, options.connection.nodes)
        try await options.register(method, what) { _ in (json, path(digest, json["tag"]?.text ?? "")) }
    }

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Register a credential definition.")
        @Option(help: "File with its JSON.") var content: String
        @OptionGroup var options: RegisterOptions

        func run() async throws {
            try await CredentialDefinitionCommand.register(
                content, Identity.credentialDefinition, "credential definition", parent: "schemaId", options
            ) { ObjectPath.credentialDefinition(schema: $0, tag: $1) }
        }
    }

    struct Registry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Register a revocation registry definition.")
        @Option(help: "File with its JSON.") var content: String
        @OptionGroup var options: RegisterOptions

        func run() async throws {
            try await CredentialDefinitionCommand.register(
                content, Identity.revocationRegistry, "revocation registry", parent: "credDefId", options
            ) { ObjectPath.revocationRegistry(definition: $0, tag: $1) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a credential definition, registry or list by its DID URL.")
        @Argument(help: "credDefId, revRegDefId or the URL of a list.") var id: String
        @OptionGroup var options: ResolveOptions

        func run() async throws { try await options.show(id) }
    }
}

struct RevocationListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Write the next revocation list of a registry.",
        discussion: "The file is the library's list: revRegDefId, revocationList and currentAccumulator are read.")
    @Option(help: "File with its JSON.") var content: String
    @Option(help: "Version that it follows, 0 for none; the newest when left out.") var follows: UInt32?
    @OptionGroup var options: RegisterOptions

    func run() async throws {
        let own = try DIDWallet.read(options.wallet)
        let json = try RegisterOptions.read(content, issuer: try own.identifier())
        guard let registry = json["revRegDefId"]?.text, let url = RevocationState.listURL(ofRegistry: registry),
            let accumulator = json["currentAccumulator"]?.text, let list = json["revocationList"]?.elements
        else { throw UserError("\(content) lacks revRegDefId, currentAccumulator or revocationList.") }
        var bits = [UInt8](repeating: 0, count: (list.count + 7) / 8)
        for (index, element) in list.enumerated() {
            guard let bit = element.whole, bit <= 1 else {
                throw UserError("revocationList holds zeros and ones only.")
            }
            if bit == 1 { bits[index / 8] |= 1 << UInt8(index % 8) }
        }
        let state = RevocationState(accumulator: accumulator, revoked: bits)
        let sender = try options.connection.signer()
        let outcome = try await options.connection.nodes.with { client in
            let session = try await RegistrySession(client, sender)
            let previous = try await session.previous(of: url, follows)
            let call = own.signer(network: session.network).revocationList(
                state, of: registry, after: previous, by: try own.controlKey())
            let (notice, height) = try await session.run(
                Identity.revocationList, call, doing: "writing the revocation list")
            return RegisterOptions.Outcome(
                id: notice.url, version: notice.version, digest: notice.content.description, height: height.value)
        }
        try options.output.show(outcome) {
            "Wrote version \(outcome.version) of \(outcome.id), final in block \(outcome.height)."
        }
    }
}
