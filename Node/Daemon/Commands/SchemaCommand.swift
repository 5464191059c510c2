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

/// Options of commands that register an object of a DID.
struct RegisterOptions: ParsableArguments {
    @Option(help: "Wallet file of the issuer's DID.") var wallet: String
    @Option(help: "Partner that endorses the issuer; that of --key when left out.") var endorser: String?
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    struct Outcome: Encodable {
        let id: String
        let version: UInt32
        let digest: String
        let height: UInt64
    }

    /// Registers the canonical form of `json` under the DID URL that `path` gives.
    func register(
        _ method: Method<RegisterObject, ObjectNotice>, _ what: String,
        _ make: (DID) throws -> (json: JSON, path: String)
    ) async throws {
        let own = try DIDWallet.read(wallet)
        let did = try own.identifier()
        let (json, path) = try make(did)
        guard let content = json.canonical() else {
            throw UserError("The content holds a number that is not whole; such objects are not registered.")
        }
        let sender = try connection.signer()
        let outcome = try await connection.nodes.with { client in
            let session = try await RegistrySession(client, sender)
            let name: String
            if let endorser { name = endorser } else { name = try await session.partner() }
            let call = own.signer(network: session.network).register(
                content, at: did.description + path, of: did.digest, endorser: name, by: try own.controlKey())
            let (notice, height) = try await session.run(method, call, doing: "registering the \(what)")
            return Outcome(
                id: notice.url, version: notice.version, digest: notice.content.description, height: height.value)
        }
        try output.show(outcome) { "Registered \(outcome.id), final in block \(outcome.height)." }
    }

    /// A JSON object from a file, with `issuerId` of the wallet's DID when it has none.
    static func read(_ path: String, issuer did: DID) throws -> JSON {
        guard let data = FileManager.default.contents(atPath: path) else { throw UserError("No file at \(path).") }
        let json: JSON
        do throws(JSONRefusal) {
            json = try JSON(parsing: [UInt8](data))
        } catch {
            throw UserError("\(path) is no JSON: \(error).")
        }
        guard let members = json.members else { throw UserError("\(path) holds no JSON object.") }
        if json["issuerId"] != nil || json["$id"] != nil { return json }
        return .object(members + [JSON.Member("issuerId", .string(did.description))])
    }
}

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Register AnonCreds schemas and JSON Schemas of an endorsed DID.",
        subcommands: [Register.self, RegisterJSON.self, Show.self])

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Register an AnonCreds schema.")
        @Option(help: "Name: letters, digits, hyphen, dot, underscore.") var name: String
        @Option(name: .customLong("schema-version"), help: "Version, e.g. 1.0.") var schemaVersion: String
        @Option(name: .customLong("attribute"), help: "Attribute name; repeat for more.") var attributes: [String]
        @OptionGroup var options: RegisterOptions

        func run() async throws {
            try await options.register(Identity.schema, "schema") { did in
                let json = JSON.object([
                    .init("attrNames", .strings(attributes)), .init("issuerId", .string(did.description)),
                    .init("name", .string(name)), .init("version", .string(schemaVersion)),
                ])
                return (json, ObjectPath.schema(name: name, version: schemaVersion))
            }
        }
    }

    struct RegisterJSON: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "register-json", abstract: "Register a JSON Schema for W3C credentials.")
        @Option(help: "Name: letters, digits, hyphen, dot, underscore.") var name: String
        @Option(name: .customLong("schema-version"), help: "Version, e.g. 1.0.") var schemaVersion: String
        @Option(help: "The JSON Schema; its $id is set.") var content: String
        @OptionGroup var options: RegisterOptions

        func run() async throws {
            try await options.register(Identity.credentialSchema, "JSON Schema") { did in
                let path = ObjectPath.credentialSchema(name: name, version: schemaVersion)
                let json = try RegisterOptions.read(content, issuer: did)
                let kept = (json.members ?? []).filter { !["$id", "issuerId"].contains($0.name) }
                return (.object(kept + [.init("$id", .string(did.description + path))]), path)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Read a schema by its DID URL.")
        @Argument(help: "schemaId.") var id: String
        @OptionGroup var options: ResolveOptions

        func run() async throws { try await options.show(id) }
    }
}
