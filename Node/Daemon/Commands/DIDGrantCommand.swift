internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Resolver

/// Another key may register and revoke in a DID's name: for an agent on a machine that must not hold the control key.
struct DIDGrantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Let a delegate's wallet register or revoke in a DID's name, for a time.",
        discussion: """
            Makes the delegate's wallet when there is none at --to, and renews its grant when there is. A delegate can \
            neither change the document nor grant. `did end-grant` ends it at once.
            """)

    enum Right: String, ExpressibleByArgument, CaseIterable {
        /// Schemas, credential definitions, revocation registries.
        case register
        /// Revocation lists and status lists.
        case revoke

        var bit: GrantRights {
            switch self {
            case .register: .register
            case .revoke: .revoke
            }
        }
    }

    struct Outcome: Encodable {
        let did: String
        let key: String
        let rights: [String]
        /// Milliseconds since 1970.
        let expiry: UInt64
        let height: UInt64
        let wallet: String
    }

    @Option(help: "Wallet file of the DID, with its control key.") var wallet: String
    @Option(help: "Wallet file of the delegate.") var to: String
    @Option(name: .customLong("right"), help: "register or revoke; repeat for both. Both when left out.")
    var rights: [Right] = []
    @Option(help: "Days until it ends, 1 to 365.") var days: UInt64 = 90
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard (1...365).contains(days) else { throw UserError("A grant ends within 1 to 365 days.") }
        let own = try DIDWallet.read(wallet)
        try own.requireControl()
        var delegate: DIDWallet
        if FileManager.default.fileExists(atPath: to) {
            delegate = try DIDWallet.read(to)
            guard delegate.isDelegate, delegate.did == own.did else {
                throw UserError("\(to) is no delegate's wallet of \(own.did).")
            }
        } else {
            delegate = .new(network: own.network)
            (delegate.did, delegate.delegate) = (own.did, true)
            // The key is on disk before the chain knows it.
            try delegate.write(to: to)
        }
        let given = rights.isEmpty ? Right.allCases : rights
        let bits = given.reduce(GrantRights()) { $0.union($1.bit) }
        let expiry = UInt64(Date().timeIntervalSince1970 * 1_000) + days * 86_400_000
        let height = try await DIDGrantCommand.set(
            bits, for: try delegate.controlKey(), until: Timestamp(expiry), by: own, connection)
        let outcome = Outcome(
            did: own.did, key: try delegate.controlKey().description, rights: given.map(\.rawValue), expiry: expiry,
            height: height, wallet: to)
        try output.show(outcome) {
            "\(to) may \(given.map(\.rawValue).joined(separator: " and ")) for \(own.did) for \(days) days, final in block \(height)."
        }
    }

    /// Height of the block that has it. `rights` empty: ends the key's grant.
    static func set(
        _ rights: GrantRights, for key: PublicKey, until expiry: Timestamp, by own: DIDWallet,
        _ connection: ConnectionOptions
    ) async throws -> UInt64 {
        let did = try own.identifier()
        let sender = try connection.signer()
        return try await connection.nodes.with { client in
            let session = try await RegistrySession(client, sender)
            let call = own.signer(network: session.network).grant(
                did.digest, sequence: try await session.grantSequence(did), to: key, rights, until: expiry,
                by: try own.controlKey())
            guard let call else { throw UserError("The wallet lacks the key that must sign the grant.") }
            let result = try await session.chain.run(
                [Identity.grant.call(on: WellKnown.identity, call)], doing: "the grant")
            return result.height.value
        }
    }
}

struct DIDEndGrantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end-grant", abstract: "End a delegate's grant at once.")
    @Option(help: "Wallet file of the DID, with its control key.") var wallet: String
    @Option(help: "The delegate's wallet file, or its key (ed25519:…) when the file is gone.") var from: String
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let own = try DIDWallet.read(wallet)
        try own.requireControl()
        let key = try PublicKey(from) ?? DIDWallet.read(from).controlKey()
        let height = try await DIDGrantCommand.set([], for: key, until: Timestamp(0), by: own, connection)
        let outcome = DIDGrantCommand.Outcome(
            did: own.did, key: key.description, rights: [], expiry: 0, height: height, wallet: "")
        try output.show(outcome) { "\(key) may no longer act for \(own.did), final in block \(height)." }
    }
}

struct DIDVoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vote", abstract: "Vote, as a council member, to end a DID for ever.",
        discussion: "Two thirds of the council with the same reason end it. --key is the member's operator key.")

    enum Reason: String, ExpressibleByArgument, CaseIterable {
        case keysLost = "keys-lost"
        case dissolved
        case authority
        case error

        /// `VoteDeactivation.reasons`.
        var number: UInt16 {
            switch self {
            case .keysLost: 2
            case .dissolved: 3
            case .authority: 4
            case .error: 5
            }
        }
    }

    @Argument(help: "The DID.") var did: String
    @Option(help: "keys-lost (or stolen), dissolved, authority (its order), or error (made in).") var reason: Reason
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let parsed = DID(did) else { throw UserError("'\(did)' is no DID of this method.") }
        let call = Identity.vote.call(
            on: WellKnown.identity, VoteDeactivation(did: parsed.digest, reason: reason.number))
        try await GovCommand.send(call, "the vote", connection, output) { result in
            let isDecided = result.receipt.events.contains { $0.kind == Identity.objectChanged.number }
            return isDecided
                ? "Voted; with this vote \(did) is deactivated for ever, in block \(result.height)."
                : "Voted to end \(did), in block \(result.height). Two thirds of the council are needed."
        }
    }
}
