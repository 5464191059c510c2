internal import ArgumentParser
internal import Chain
internal import Encodings
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Resolver

struct StatusListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status-list", abstract: "Anchor W3C Bitstring Status Lists that are hosted elsewhere.",
        subcommands: [Anchor.self, Show.self])

    enum Purpose: String, ExpressibleByArgument, CaseIterable {
        case revocation, suspension, message

        var code: AnchorStatusList.Purpose {
            switch self {
            case .revocation: .revocation
            case .suspension: .suspension
            case .message: .message
            }
        }
    }

    struct Anchor: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Anchor the next version of a list by the digest of the hosted file.")
        @Option(help: "Name: letters, digits, hyphen, dot, underscore.") var name: String
        @Option(help: "revocation, suspension or message; stays what it was.") var purpose: Purpose = .revocation
        @Option(help: "Where the status list credential is hosted: https://host/path.") var url: String
        @Option(help: "The hosted file, byte for byte.") var file: String
        @Option(help: "Version that it follows, 0 for none; the newest when left out.") var follows: UInt32?
        @OptionGroup var options: RegisterOptions

        func run() async throws {
            guard let bytes = FileManager.default.contents(atPath: file) else { throw UserError("No file at \(file).") }
            let own = try DIDWallet.read(options.wallet)
            let did = try own.identifier()
            let sender = try options.connection.signer()
            let digest = SHA256.hash([UInt8](bytes))
            let target = did.description + ObjectPath.statusList(name: name)
            let outcome = try await options.connection.nodes.with { client in
                let session = try await RegistrySession(client, sender)
                let previous = try await session.previous(of: target, follows)
                let call = own.signer(network: session.network).statusList(
                    did.digest, name: name, after: previous, purpose.code, at: url, digest: digest,
                    by: try own.controlKey())
                let (notice, height) = try await session.run(
                    Identity.statusList, call, doing: "anchoring the status list")
                return RegisterOptions.Outcome(
                    id: notice.url, version: notice.version, digest: notice.content.description, height: height.value)
            }
            try options.output.show(outcome) {
                "Anchored version \(outcome.version) of \(outcome.id), final in block \(outcome.height)."
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Read an anchor by its DID URL.")
        @Argument(help: "DID URL of the list: …/status/NAME.") var id: String
        @OptionGroup var options: ResolveOptions

        func run() async throws { try await options.show(id) }
    }
}
