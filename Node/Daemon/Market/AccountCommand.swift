internal import Accounts
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Marketplace accounts: open, confirm, add roles and actors, suspend, revoke.",
        discussion: """
            An issuer partner opens an account for a DID and the holder confirms it with the DID's wallet. What an account \
            does is signed by a wallet (--wallet); any partner's key (--key) carries the transaction.
            """,
        subcommands: [
            AccountWalletCommand.self, AccountOpenCommand.self, AccountConfirmCommand.self, AccountAddCommand.self,
            AccountActorCommand.self, Suspend.self, Reinstate.self, Revoke.self, Release.self,
            VoteOperatorCommand.self, AccountShowCommand.self, AccountListCommand.self,
        ])

    struct Target: ParsableArguments {
        @Argument(help: "DID of the account's holder.") var did: String
        @Option(help: "Number of the reason, above 0.") var reason: UInt16 = 1

        func judgement() throws -> AccountJudgement {
            AccountJudgement(account: try MarketWords.holder(did), reason: reason)
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "An operator suspends an account.")
        @OptionGroup var target: Target
        @OptionGroup var options: ActOptions

        func run() async throws {
            let body = try target.judgement()
            try await options.act(
                Accounts.suspend, on: WellKnown.accounts, doing: "the suspension", { _ in body },
                tell: { _ in (nil, "Suspended \(target.did).") })
        }
    }

    struct Reinstate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "An operator reinstates a suspended account.")
        @OptionGroup var target: Target
        @OptionGroup var options: ActOptions

        func run() async throws {
            let body = try target.judgement()
            try await options.act(
                Accounts.reinstate, on: WellKnown.accounts, doing: "the reinstatement", { _ in body },
                tell: { _ in (nil, "Reinstated \(target.did).") })
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "An operator, or an administrator of the account, ends it for ever.")
        @OptionGroup var target: Target
        @OptionGroup var options: ActOptions

        func run() async throws {
            let body = try target.judgement()
            try await options.act(
                Accounts.revoke, on: WellKnown.accounts, doing: "the revocation", { _ in body },
                tell: { _ in (nil, "Revoked the account of \(target.did) for ever.") })
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Two operators let an administrator of a revoked account, whose DID has ended, take its cash out."
        )
        @OptionGroup var target: Target
        @Option(help: "did:key or key of the administrator.") var actor: String
        @OptionGroup var options: ActOptions

        func run() async throws {
            let account = try target.judgement().account
            let body = ReleaseAccount(
                account: account, key: try MarketWords.key(actor), reason: target.reason)
            try await options.act(
                Accounts.release, on: WellKnown.accounts, doing: "the release", { _ in body },
                tell: { _ in (nil, "Released \(target.did) to \(actor), when two operators have said so.") })
        }
    }

    struct VoteOperatorCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "vote-operator",
            abstract: "A council member votes to give an account the operator's role; two thirds decide.")
        @Argument(help: "DID of the account's holder.") var did: String
        @Flag(help: "Vote to take the role.") var take = false
        @OptionGroup var options: SendOptions

        func run() async throws {
            let vote = VoteOperator(account: try MarketWords.holder(did), isOperator: !take)
            try await options.send(
                Accounts.voteOperator, on: WellKnown.accounts, doing: "the vote", vote,
                tell: { _ in (nil, "Voted to \(take ? "take" : "give") \(did) the operator's role.") })
        }
    }
}

struct AccountWalletCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet",
        abstract: "Make a wallet with a fresh did:key: of a person, or of an actor of an account.")
    @Option(help: "Wallet file to write.") var wallet: String
    @OptionGroup var output: OutputOptions

    struct Made: Encodable {
        let did: String
        let wallet: String
    }

    func run() throws {
        try NewFile.require(wallet, "A wallet")
        var made = DIDWallet.new(network: "")
        made.did = HolderDID.texts(of: try made.controlKey())[0]
        try made.write(to: wallet)
        try output.show(Made(did: made.did, wallet: wallet)) {
            "Made \(made.did). Its key is in \(wallet): keep it safe. Use it for this market alone."
        }
    }
}

struct AccountOpenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "An issuer partner opens an account, which its holder then confirms.")
    @Argument(help: "DID of the holder: did:cwatt of an organisation, did:key of a person.") var did: String
    @Option(help: "File of the Account Contract credential; its digest goes on chain.") var credential: String
    @Option(
        name: .customLong("role"),
        help: "data-provider, service-provider, data-user or service-user; repeat for more.")
    var roles: [String] = []
    @Option(
        name: .customLong("administrator"),
        help: "did:key or key of a first administrator; repeat for more. The DID's own control key when left out.")
    var administrators: [String] = []
    @OptionGroup var options: SendOptions

    func run() async throws {
        let isPerson = !did.hasPrefix(DID.prefix("").dropLast())
        var keys = try administrators.map(MarketWords.key)
        if keys.isEmpty { keys = try await ownKeys(isPerson) }
        let body = OpenAccount(
            holder: try MarketWords.holder(did), kind: isPerson ? .person : .organisation,
            credential: try MarketWords.fileDigest(credential), roles: try MarketWords.bits(roles, "role"),
            administrators: keys)
        try await options.send(
            Accounts.open, on: WellKnown.accounts, doing: "opening the account", body,
            tell: { _ in
                (nil, "Opened an account for \(did); its holder confirms it with `commonwatt account confirm`.")
            })
    }

    private func ownKeys(_ isPerson: Bool) async throws -> [PublicKey] {
        if isPerson { return [try MarketWords.key(did)] }
        guard let parsed = DID(did) else { throw UserError("'\(did)' is no DID of this method.") }
        let path = Identity.controls.stateKey(parsed.object.digest, at: WellKnown.identity)
        let value = try await options.connection.nodes.with { try await $0.value(path).value }
        guard let value else { throw UserError("The registry has no \(did); make it with `commonwatt did create`.") }
        let control = try ControlRecord(bcs: value)
        return Array(control.keys.map(\.key).filter(control.controls).prefix(OpenAccount.administratorsMax))
    }
}

struct AccountConfirmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm", abstract: "The holder confirms an Account Contract with its DID's wallet.")
    @Option(help: "Wallet file of the holder's DID.") var wallet: String
    @Option(help: "Number of the Account Contract; 0 is that of the opening.") var number: UInt16 = 0
    @OptionGroup var options: SendOptions

    func run() async throws {
        let own = try DIDWallet.read(wallet)
        let holder = try MarketWords.holder(own.did)
        let key = try own.controlKey()
        let (network, statement) = try await options.connection.nodes.with { client in
            let bytes = try await client.query(
                WellKnown.accounts, Accounts.contractQuery.number,
                arguments: ContractID(holder: holder, number: number).bcs)
            return (try await client.network(), try AccountContract(bcs: bytes).statement)
        }
        let digest = ConfirmContract.signingDigest(
            network: network, holder: holder, number: number, statement: statement)
        guard let signature = own.signer(network: network).sign(key, digest) else {
            throw UserError("\(wallet) does not hold its own key.")
        }
        let body = ConfirmContract(holder: holder, number: number, key: key, signature: signature)
        try await options.send(
            Accounts.confirm, on: WellKnown.accounts, doing: "the confirmation", body,
            tell: { _ in (nil, "Confirmed Account Contract \(number) of \(own.did).") })
    }
}

struct AccountAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-contract", abstract: "An issuer partner offers an account further roles; the holder confirms."
    )
    @Argument(help: "DID of the holder.") var did: String
    @Option(help: "File of the Account Contract credential.") var credential: String
    @Option(name: .customLong("role"), help: "A further role; repeat for more.") var roles: [String] = []
    @Option(help: "Number of an own contract that the holder has not confirmed, and whose place this one takes.")
    var replaces: UInt16?
    @OptionGroup var options: SendOptions

    func run() async throws {
        let body = AddContract(
            holder: try MarketWords.holder(did), credential: try MarketWords.fileDigest(credential),
            roles: try MarketWords.bits(roles, "role"), replaces: replaces)
        try await options.send(
            Accounts.addContract, on: WellKnown.accounts, doing: "the contract", body,
            tell: { made in
                (
                    "\(made.number)",
                    "Offered Account Contract \(made.number) to \(did); it confirms with --number \(made.number)."
                )
            })
    }
}

struct AccountActorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actor", abstract: "An administrator lets a key act for the account, changes it, or takes it out.")
    @Argument(help: "did:key or key of the actor.") var actor: String
    @Option(
        help: "administrator, member or out.",
        transform: { try MarketWords.code($0, "standing") as ActorStanding })
    var standing: ActorStanding
    @Option(name: .customLong("role"), help: "A member's role; repeat for more.") var roles: [String] = []
    @OptionGroup var options: ActOptions

    func run() async throws {
        let body = SetActor(
            key: try MarketWords.key(actor), standing: standing, roles: try MarketWords.bits(roles, "role"))
        try await options.act(
            Accounts.setActor, on: WellKnown.accounts, doing: "the change of an actor", { _ in body },
            tell: { _ in (nil, "\(actor) is now: \(MarketWords.word(standing)).") })
    }
}

struct AccountShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show an account.")
    @Argument(help: "DID of the holder, or its digest.") var did: String
    @OptionGroup var options: ReadOptions

    struct Shown: Encodable {
        let holder: String
        let holderDID: String?
        let kind: String
        let status: String
        let sponsor: String
        let roles: [String]
        let capabilities: [String]
        let credential: String
        let contracts: UInt16
        let administrators: UInt16
        let opened: String
        let changed: String
        let reason: UInt16
    }

    func run() async throws {
        let account = try await options.ask(
            Accounts.accountQuery, of: WellKnown.accounts, try MarketWords.holder(did))
        let names = try await options.names([account.holder], named: [did])
        let shown = Shown(
            holder: account.holder.description, holderDID: names[account.holder], kind: MarketWords.word(account.kind),
            status: MarketWords.word(account.status), sponsor: account.sponsor, roles: account.roles.names,
            capabilities: account.capabilities.names, credential: account.credential.description,
            contracts: account.contracts, administrators: account.administrators, opened: account.opened.text,
            changed: account.changed.text, reason: account.reason)
        try options.output.show(shown) {
            """
            \(shown.kind) account \(names.text(account.holder)): \(shown.status) since \(shown.changed)
            roles: \(shown.roles.isEmpty ? "none" : shown.roles.joined(separator: ", "))
            may: \(shown.capabilities.isEmpty ? "nothing" : shown.capabilities.joined(separator: ", "))
            opened by \(shown.sponsor) at \(shown.opened); contracts: \(shown.contracts), administrators: \(shown.administrators)
            """
        }
    }
}
