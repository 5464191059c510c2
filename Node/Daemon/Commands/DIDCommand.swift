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

struct DIDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "did", abstract: "Create, rotate, end and resolve DIDs of organisations.",
        discussion: """
            A wallet file holds the DID's secret keys; --key is the key of the partner that sends the transaction and, \
            with the issuer role, endorses the organisation. Resolving needs neither.
            """,
        subcommands: [
            Create.self, Rotate.self, Deactivate.self, DIDResolveCommand.self, DIDHistoryCommand.self,
            DIDEndorseCommand.self, DIDGrantCommand.self, DIDEndGrantCommand.self, DIDVoteCommand.self,
        ])

    struct Outcome: Encodable {
        let did: String
        let versionId: UInt32
        let height: UInt64
        let wallet: String
    }

    /// Runs what makes the keys in `file` known to the chain. When it is proved that it did not, they are of no use, and
    /// the file goes; a refusal on the node's word moves it aside, for a node could have others lose their keys by saying so;
    /// otherwise it stays, for the chain may still come to know them. `wallet` has the keys before them.
    static func kept<Result>(
        _ file: String, of wallet: String?, _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let refusal as ChainRefusal where !refusal.isProved {
            let state = wallet.map { "\($0) is as it was." } ?? "No wallet was kept."
            let place = free(file + ".refused")
            try FileManager.default.moveItem(atPath: file, toPath: place)
            throw UserError(
                "\(refusal) \(state) That is the node's word: the new keys are in \(place), to be deleted when the registry shows that it does not have them (`commonwatt did resolve --verify`). With --genesis it is proved."
            )
        } catch  where error is ChainRefusal || error is TransactionExpired {
            try? FileManager.default.removeItem(atPath: file)
            let state = wallet.map { "\($0) is as it was." } ?? "No wallet was kept: nothing was registered."
            throw UserError("\(error) \(state)")
        }
    }

    /// The path, or one with a number behind it at which there is nothing.
    static func free(_ path: String) -> String {
        var (place, number) = (path, 1)
        while FileManager.default.fileExists(atPath: place) {
            number += 1
            place = "\(path)-\(number)"
        }
        return place
    }

    /// Looks at the keys that an earlier rotation left behind, when it is not known what became of it: takes them over when
    /// the chain has them, and otherwise does not lose them.
    static func checkEarlier(_ wallet: String, _ did: DID, _ session: RegistrySession) async throws {
        let file = wallet + ".rotating"
        guard FileManager.default.fileExists(atPath: file) else { return }
        let left = try DIDWallet.read(file)
        let path = Identity.controls.stateKey(did.object.digest, at: WellKnown.identity)
        let record = try await session.chain.client.value(path).value.map { try ControlRecord(bcs: $0) }
        let key = try left.controlKey()
        guard let record, record.keys.map(\.key).filter(record.controls).contains(key) else {
            throw UserError(
                "An earlier rotation left its keys in \(file), and they are not those of \(did.description) so far. Its transaction may still become final: wait some minutes and try again; when it has expired (`commonwatt tx status`), delete that file."
            )
        }
        try left.write(to: wallet)
        try FileManager.default.removeItem(atPath: file)
        throw UserError(
            "An earlier rotation of \(did.description) did become final: \(wallet) has its keys now. Run this again to rotate once more."
        )
    }

    struct DocumentOptions: ParsableArguments {
        @Option(name: .customLong("service"), help: "LABEL=TYPE,https://host/path[,accept…]; repeat for more.")
        var services: [String] = []
        @Option(name: .customLong("alias"), help: "https://host or did:web:host of the organisation.")
        var aliases: [String] = []
        @Flag(help: "Commit to the next control key, which alone can change the document then.")
        var commit = false
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make keys and register a new DID.")
        @Option(help: "Wallet file to write.") var wallet: String
        @OptionGroup var document: DocumentOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try NewFile.require(wallet, "A wallet")
            let key = try connection.signer()
            let outcome = try await connection.nodes.with { client in
                let session = try await RegistrySession(client, key)
                let told = try await client.nodeStatus().networkName
                var made = DIDWallet.new(network: try connection.nodes.trust.trust()?.networkName ?? told)
                made.services = try document.services.map { try DIDWallet.Service(option: $0) }
                made.aliases = document.aliases
                if document.commit { made.next = DIDWallet.seed() }
                let content = try made.content()
                let commitment = try made.commitment()
                made.did = content.did(network: made.network, nextKey: commitment).description
                // The keys are on disk before the chain knows them.
                try made.write(to: wallet)
                let call = made.signer(network: session.network).create(content, nextKey: commitment)
                let (notice, height) = try await DIDCommand.kept(wallet, of: nil) {
                    try await session.run(Identity.create, call, doing: "creating the DID")
                }
                return Outcome(
                    did: notice.url, versionId: notice.version, height: height.value, wallet: wallet)
            }
            try output.show(outcome) {
                "Created \(outcome.did), final in block \(outcome.height). Its keys are in \(wallet): keep them safe."
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace the keys of a DID, and its services if any are given.")
        @Option(help: "Wallet file.") var wallet: String
        @OptionGroup var document: DocumentOptions
        @Flag(
            help:
                "Give up the commitment to a next control key; without it a wallet that has one commits to another.")
        var noCommit = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard !noCommit || !document.commit else { throw ValidationError("give --commit or --no-commit") }
        }

        func run() async throws {
            let old = try DIDWallet.read(wallet)
            try old.requireControl()
            let did = try old.identifier()
            let key = try connection.signer()
            let outcome = try await connection.nodes.with { client in
                let session = try await RegistrySession(client, key)
                let previous = try await session.latest(did.description)
                try await DIDCommand.checkEarlier(wallet, did, session)
                let fresh = try rotated(old)
                // Both sets of keys stay on disk until the chain has decided.
                try fresh.write(to: wallet + ".rotating")
                let seeds = old.signer(network: session.network)
                let own = fresh.signer(network: session.network)
                let signer = OperationSigner(network: session.network, name: old.network) {
                    seeds.sign($0, $1) ?? own.sign($0, $1)
                }
                let by = try old.next.map { try DIDWallet.key($0) } ?? old.controlKey()
                let call = signer.update(
                    did.digest, from: previous, to: try fresh.content(), nextKey: try fresh.commitment(),
                    known: [try old.controlKey()], by: by)
                let (notice, height) = try await DIDCommand.kept(wallet + ".rotating", of: wallet) {
                    try await session.run(Identity.update, call, doing: "rotating the keys")
                }
                if session.chain.start == nil { try keepReplaced(old) }
                try fresh.write(to: wallet)
                try? FileManager.default.removeItem(atPath: wallet + ".rotating")
                return Outcome(did: notice.url, versionId: notice.version, height: height.value, wallet: wallet)
            }
            let protection =
                try DIDWallet.read(wallet).next != nil
                ? " It is committed to the next control key, which alone can change it."
                : old.next != nil ? " It is committed to no next control key any more." : ""
            try output.show(outcome) {
                "\(outcome.did) has version \(outcome.versionId) with new keys, final in block \(outcome.height).\(protection)"
            }
        }

        /// That the chain has the new keys is the node's word: if it has not, only the old ones are of use.
        private func keepReplaced(_ old: DIDWallet) throws {
            let place = DIDCommand.free(wallet + ".replaced")
            try old.write(to: place)
            output.progress(
                "The old keys stay in \(place): delete them when `commonwatt did resolve --verify` shows the new version. With --genesis the rotation is proved."
            )
        }

        private func rotated(_ old: DIDWallet) throws -> DIDWallet {
            var fresh = old
            fresh.control = old.next ?? DIDWallet.seed()
            fresh.agreement = DIDWallet.seed()
            // The protection stays unless somebody gives it up.
            fresh.next = document.commit || (old.next != nil && !noCommit) ? DIDWallet.seed() : nil
            fresh.rotation += 1
            if !document.services.isEmpty {
                fresh.services = try document.services.map { try DIDWallet.Service(option: $0) }
            }
            if !document.aliases.isEmpty { fresh.aliases = document.aliases }
            return fresh
        }
    }

    struct Deactivate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a DID for ever.")
        @Option(help: "Wallet file.") var wallet: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let own = try DIDWallet.read(wallet)
            try own.requireControl()
            let did = try own.identifier()
            let key = try connection.signer()
            let outcome = try await connection.nodes.with { client in
                let session = try await RegistrySession(client, key)
                let previous = try await session.latest(did.description)
                let by = try own.next.map { try DIDWallet.key($0) } ?? own.controlKey()
                let call = own.signer(network: session.network).deactivate(did.digest, at: previous, by: by)
                let (notice, height) = try await session.run(
                    Identity.deactivate, call, doing: "deactivating the DID")
                return Outcome(did: notice.url, versionId: notice.version, height: height.value, wallet: wallet)
            }
            try output.show(outcome) { "\(outcome.did) is deactivated for ever, final in block \(outcome.height)." }
        }
    }
}

struct DIDEndorseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endorse", abstract: "Endorse the organisation of a DID, or no longer.")
    @Argument(help: "The DID.") var did: String
    @Flag(help: "Withdraw the endorsement.") var withdraw = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let parsed = DID(did) else { throw UserError("'\(did)' is no DID of this method.") }
        let key = try connection.signer()
        let method = withdraw ? Identity.withdraw : Identity.endorse
        let height = try await connection.nodes.with { client in
            let session = try await ChainSession(client, key)
            let call = method.call(on: WellKnown.identity, DocumentID(did: parsed.digest))
            return try await session.run([call], doing: "the endorsement").height.value
        }
        let outcome = DIDCommand.Outcome(did: did, versionId: 0, height: height, wallet: "")
        try output.show(outcome) {
            withdraw ? "No longer endorses \(did)." : "Endorses \(did), final in block \(height)."
        }
    }
}
