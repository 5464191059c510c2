internal import Accounts
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

extension MarketWords {
    /// The key of a `did:key`.
    static func personKey(_ did: String) -> PublicKey? {
        let prefix = "did:key:"
        guard did.hasPrefix(prefix) else { return nil }
        return Multicodec.key(multikey: String(did.dropFirst(prefix.count)))
    }
}

/// Options of commands that act for a marketplace account: the wallet signs, the partner's key carries.
struct ActOptions: ParsableArguments {
    @Option(help: "Wallet file whose key acts: of an organisation's DID, of a person, or of an actor.")
    var wallet: String
    @Option(help: "DID of the account to act for; the wallet's own when left out.")
    var account: String?
    @Option(help: "Minutes that the signed act counts, 1 to 43,200; give more when somebody else carries it later.")
    var validMinutes: UInt64 = Act.usualLifetimeMilliseconds / 60_000
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...Act.lifetimeMillisecondsMax / 60_000).contains(validMinutes) else {
            throw ValidationError("An act counts for 1 to 43,200 minutes (30 days).")
        }
    }

    struct Outcome: Encodable {
        /// Number or identifier of what was made, if anything was.
        let made: String?
        let height: UInt64
    }

    /// Signs, submits, waits until it is final, and tells; `more` may add a sentence of what it asks the node then.
    func act<Body, Output>(
        _ method: Method<Signed<Body>, Output>, on instance: Address, doing what: String,
        _ body: (ChainSession) async throws -> Body, tell: (Output) -> (made: String?, text: String),
        more: (NodeClient, Output, Height) async -> String? = { _, _, _ in nil }
    ) async throws {
        let own = try DIDWallet.read(wallet)
        let holder = try MarketWords.holder(account ?? own.did)
        let key = try own.controlKey()
        let sender = try connection.signer()
        let (result, made, text) = try await connection.nodes.with { client in
            let session = try await ChainSession(client, sender)
            let count = try await client.value(
                Directory.actCounts.stateKey(Pair(holder, key), at: WellKnown.accounts)
            ).value.map { try Height(bcs: $0).value }
            let signer = ActSigner(
                network: session.network, account: holder, key: key, sequence: count ?? 0,
                until: Timestamp.wallClock.adding(milliseconds: validMinutes * 60_000),
                sign: own.signer(network: session.network).sign)
            guard let call = method.call(on: instance, try await body(session), by: signer) else {
                throw UserError("\(wallet) does not hold the key that must sign \(what).")
            }
            let result = try await session.run([call], doing: what)
            guard let bytes = result.receipt.outputs.first else { throw UserError("The receipt has no result.") }
            let output = try method.output(bytes)
            let told = tell(output)
            let text = "\(told.text) Final in block \(result.height)."
            let further = self.output.json ? nil : await more(client, output, result.height)
            return (result, told.made, further.map { "\(text) \($0)" } ?? text)
        }
        try output.show(Outcome(made: made, height: result.height.value)) { text }
    }
}

/// Options of commands that a partner sends in its own name.
struct SendOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func send<Body, Output>(
        _ method: Method<Body, Output>, on instance: Address, doing what: String, _ body: Body,
        tell: (Output) -> (made: String?, text: String)
    ) async throws {
        let sender = try connection.signer()
        let result = try await connection.nodes.with {
            try await ChainSession($0, sender).run([method.call(on: instance, body)], doing: what)
        }
        guard let bytes = result.receipt.outputs.first else { throw UserError("The receipt has no result.") }
        let told = tell(try method.output(bytes))
        try output.show(ActOptions.Outcome(made: told.made, height: result.height.value)) {
            "\(told.text) Final in block \(result.height)."
        }
    }
}

/// Options of commands that only read.
struct ReadOptions: ParsableArguments {
    @OptionGroup var nodes: NodeOptions
    @OptionGroup var output: OutputOptions

    /// Asks a query on the node's word; an unknown record is told as the contract words it.
    func ask<Arguments, Answer>(
        _ query: Query<Arguments, Answer>, of instance: Address, _ arguments: Arguments
    ) async throws -> Answer {
        try await nodes.with { client in
            try Answer(bcs: try await client.query(instance, query.number, arguments: arguments.bcs))
        }
    }

    /// DIDs of accounts, as far as they are known.
    func names(_ holders: [Digest], named: [String?] = []) async throws -> HolderNames {
        try await nodes.with { await HolderNames.find(holders, named: named, $0) }
    }
}
