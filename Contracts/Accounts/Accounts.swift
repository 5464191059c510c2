internal import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// Marketplace accounts of organisations and persons: who they are by digest, what they may do, and who acts for them.
/// README.md says how they live and why acts are signed inside the call.
///
/// Invariants (checked by `AccountTests` and `AccountModelTests`):
/// - Status moves pending -> active <-> suspended, and from each of them to revoked, which is final. Nothing else.
/// - An account is active only after its holder signed the first Account Contract with a key of its DID; roles come from
///   confirmed contracts alone, the operator's from two thirds of the council alone.
/// - `capabilities` are always what the matrix gives `roles`.
/// - `administrators` is the number of actors that are administrators, and at least 1 from the confirmation on. A person
///   has one actor, itself. Before its confirmation an account has no actors, and another offer may take its place.
/// - An act needs an actor of the account or a control key of the organisation's live DID, all the capabilities of its
///   call, and the next sequence number of its key; a sequence number never comes back.
/// - An act counts until the time that it names, and at most 30 days.
/// - No issuer has more than 8 contracts waiting for one holder.
/// - No operator alone suspends, reinstates or revokes another one: it takes a second one for the same reason, or the
///   council the role away.
/// - What a revoked account has is taken out by a key of its DID, and after the end of that by one of its administrators,
///   whom two operators let.
/// - No text, name or address is stored.
package enum Accounts: Contract {
    package static let name = "accounts"
    package static let version: UInt32 = 1
    package static let summary = "Marketplace accounts: holders, roles, capabilities and the keys that act for them."

    // MARK: Storage. Numbers 1 and 2 are `Directory`. All go by holder.

    package static let contracts = StorageMap<Pair<Digest, UInt16>, AccountContract>(3, "contracts")
    package static let actors = StorageMap<Pair<Digest, PublicKey>, AccountActor>(4, "actors")
    package static let votes = StorageMap<Pair<Digest, String>, OperatorVote>(5, "votes")
    /// Contracts that wait for the holder, by issuer, without the first one.
    package static let pending = StorageMap<Pair<Digest, String>, Height>(6, "pending")
    /// Judgements over operators that wait for a second one, by method.
    package static let judgements = StorageMap<Pair<Digest, UInt16>, OperatorJudgement>(7, "judgements")

    /// Administrators that an operator would let take out what an account has, until a second one says the same.
    package static let releaseJudgements = StorageMap<Digest, ReleaseJudgement>(8, "releaseJudgements")
    /// The administrator that two operators let.
    package static let releases = StorageMap<Digest, PublicKey>(9, "releases")

    package static var storage: [StorageDeclaration] {
        [
            Directory.accounts.declaration, Directory.actCounts.declaration, contracts.declaration, actors.declaration,
            votes.declaration, pending.declaration, judgements.declaration, releaseJudgements.declaration,
            releases.declaration,
        ]
    }

    // MARK: Events

    package static let accountChanged = EventKind<Account>(1, "accountChanged", "An account's record was written.")
    package static let contractChanged = EventKind<ContractNotice>(
        2, "contractChanged", "An Account Contract was offered to the holder, or confirmed by it.")
    package static let actorChanged = EventKind<ActorNotice>(
        3, "actorChanged", "A key may act for an account, or no longer does.")
    package static let voted = EventKind<OperatorVoteNotice>(
        4, "voted", "A council member voted on the operator's role of an account.")
    package static let judged = EventKind<JudgementNotice>(
        5, "judged", "An operator judged another one; a second operator must do the same.")

    package static let released = EventKind<ReleaseNotice>(
        6, "released", "An operator, or a second one, lets an administrator take out what a revoked account has.")

    package static var events: [EventDeclaration] {
        [
            accountChanged.declaration, contractChanged.declaration, actorChanged.declaration, voted.declaration,
            judged.declaration, released.declaration,
        ]
    }

    // MARK: Calls

    package static let open = Method<OpenAccount, Nothing>(
        1, "open", "An issuer partner opens an account that its holder then confirms.", open)
    package static let addContract = Method<AddContract, ContractNumber>(
        2, "addContract", "An issuer partner offers an account further roles under a new credential.", addContract)
    package static let confirm = Method<ConfirmContract, Nothing>(
        3, "confirm", "The holder confirms an Account Contract with a key of its DID; the roles count from then on.",
        confirm)
    package static let setActor = Method<Signed<SetActor>, Nothing>(
        4, "setActor", "An administrator lets a key act for the account, changes it, or takes it out.", setActor)
    package static let suspend = Method<Signed<AccountJudgement>, Nothing>(
        5, "suspend", "An operator suspends an active account; two of them another operator's.", suspend)
    package static let reinstate = Method<Signed<AccountJudgement>, Nothing>(
        6, "reinstate", "An operator reinstates a suspended account.", reinstate)
    package static let revoke = Method<Signed<AccountJudgement>, Nothing>(
        7, "revoke", "An operator, or an administrator of the account itself, ends an account for ever.", revoke)
    package static let voteOperator = Method<VoteOperator, Nothing>(
        8, "voteOperator", "A council member votes to give or take the operator's role; two thirds decide.",
        voteOperator)
    package static let authorise = Method<ActRequest, Nothing>(
        AccountMessages.authorise.number, AccountMessages.authorise.name,
        "Another contract has an act judged and counted.", authorise)
    package static let requireActor = Method<ActorQuestion, Nothing>(
        AccountMessages.requireActor.number, AccountMessages.requireActor.name,
        "Refuses unless the account is active and the key acts for it with these capabilities.", requireActor)

    package static let release = Method<Signed<ReleaseAccount>, Nothing>(
        11, "release",
        "Two operators let an administrator of a revoked account, whose DID has ended, take out what it has.", release)

    package static var calls: [CallDeclaration] {
        [
            open.declaration, addContract.declaration, confirm.declaration, setActor.declaration, suspend.declaration,
            reinstate.declaration, revoke.declaration, voteOperator.declaration, authorise.declaration,
            requireActor.declaration, release.declaration,
        ]
    }

    // MARK: Queries

    package static let accountQuery = Query<Digest, Account>(1, "account", "An account by its holder.") {
        (context, holder) throws(Rejection) in try account(holder, context)
    }
    package static let actorQuery = Query<ActorID, ActorAnswer>(
        2, "actor", "What a key may do for an account now, and its next sequence number.", actorAnswer)
    package static let contractQuery = Query<ContractID, AccountContract>(
        3, "contract", "An Account Contract by holder and number."
    ) { (context, id) throws(Rejection) in
        guard let contract = try contracts.get(Pair(id.holder, id.number), in: context) else { throw contractUnknown() }
        return contract
    }

    package static var queries: [CallDeclaration] {
        [accountQuery.declaration, actorQuery.declaration, contractQuery.declaration]
    }
}
