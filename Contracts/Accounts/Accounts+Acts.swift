internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Accounts {
    /// For other contracts: the act is for a call of the instance that asks.
    static func authorise(_ context: Context, _ request: ActRequest) throws(Rejection) -> Nothing {
        guard case .instance(let instance) = context.caller.origin else { throw HostRejection.notPermitted() }
        let digest = Act.signingDigest(
            network: context.network, instance: instance, method: request.method, account: request.act.account,
            sequence: request.act.sequence, until: request.act.until, body: request.body)
        let isAdministrator = try judge(request.act, digest, request.capabilities, request.scope, context)
        try require(isAdministrator || !request.byAdministrator, administratorNeeded())
        return Nothing()
    }

    /// Judges and counts the act behind a call of this contract; answers whether an administrator acts.
    static func judge<Body>(
        _ signed: Signed<Body>, _ method: UInt16, _ capabilities: Capabilities, scope: ActScope = .ordinary,
        _ context: Context
    ) throws(Rejection) -> Bool {
        let digest = Act.signingDigest(
            network: context.network, instance: context.instance, method: method, account: signed.act.account,
            sequence: signed.act.sequence, until: signed.act.until, body: SHA256.hash(signed.body.bcs))
        return try judge(signed.act, digest, capabilities, scope, context)
    }

    private static func judge(
        _ act: Act, _ digest: Digest, _ needed: Capabilities, _ scope: ActScope, _ context: Context
    ) throws(Rejection) -> Bool {
        let account = try account(act.account, context)
        switch account.status {
        case .pending: throw notConfirmed()
        case .active: break
        case .suspended: try require(scope == .takesBack || scope == .givesBack, accountSuspended())
        case .revoked:
            try require(scope != .ordinary, accountRevoked())
            if scope != .takesBack { try require(windsUp(act.key, account, context), notHolder()) }
        }
        // The end of an organisation's DID is the end of its business; what it has, its administrators take out.
        if account.kind == .organisation, scope == .ordinary {
            try require(context.documentKeys(account.holder) != nil, holderEnded())
        }
        try require(context.time <= act.until, actExpired())
        let latest = context.time.adding(milliseconds: Act.lifetimeMillisecondsMax)
        try require(act.until <= latest, actLasting())
        let actor = try actor(act.key, of: account, context)
        try require(actor.standing != .out, notActor())
        try require(actor.capabilities.isSuperset(of: needed), capabilityMissing())
        let key = Pair(act.account, act.key)
        let count = try Directory.actCounts.get(key, in: context) ?? Height(0)
        try require(act.sequence == count.value, sequenceWrong("the next one is \(count.value)"))
        try context.spend(Context.signatureWork(act.key.scheme))
        try require(SignatureVerifier.verify(act.signature, by: act.key, over: digest), signatureWrong())
        try Directory.actCounts.set(key, Height(checked(count.value.adding(1))), in: context)
        return actor.standing == .administrator
    }

    /// Whether a key may take out what a revoked account has. Whose keys were stolen is revoked, too: it goes to a key of
    /// the DID alone, and where that has ended to the administrator that two operators let.
    private static func windsUp(
        _ key: PublicKey, _ account: Account, _ context: Context
    ) throws(Rejection) -> Bool {
        if try speaks(key, for: account, context) { return true }
        guard try !context.isReachable(account.holder) else { return false }
        return try releases.get(account.holder, in: context) == key
    }

    /// For other contracts: whether what a key signed earlier still has its account behind it.
    static func requireActor(_ context: Context, _ question: ActorQuestion) throws(Rejection) -> Nothing {
        let account = try account(question.account, context)
        try require(account.status == .active, stepForbidden(account.status.word))
        if account.kind == .organisation {
            try require(context.documentKeys(account.holder) != nil, holderEnded())
        }
        let actor = try actor(question.key, of: account, context)
        try require(actor.standing != .out, notActor())
        try require(actor.capabilities.isSuperset(of: question.capabilities), capabilityMissing())
        return Nothing()
    }

    /// A control key of the organisation's DID is an administrator whatever the list of actors says, so that a lost
    /// administrator's key does not lock an organisation out.
    static func actor(
        _ key: PublicKey, of account: Account, _ context: Context
    ) throws(Rejection) -> (standing: ActorStanding, capabilities: Capabilities) {
        let actor = try actors.get(Pair(account.holder, key), in: context)
        if actor?.isAdministrator == true { return (.administrator, account.capabilities) }
        if account.kind == .organisation, try speaks(key, for: account, context) {
            return (.administrator, account.capabilities)
        }
        guard let actor else { return (.out, []) }
        return (.member, AuthorisationMatrix.capabilities(of: actor.roles.intersection(account.roles)))
    }

    static func actorAnswer(_ context: Context, _ id: ActorID) throws(Rejection) -> ActorAnswer {
        let account = try account(id.account, context)
        let actor = try actor(id.key, of: account, context)
        let count = try Directory.actCounts.get(Pair(id.account, id.key), in: context) ?? Height(0)
        var mayAct = account.status == .active
        if account.kind == .organisation, try context.documentKeys(account.holder) == nil { mayAct = false }
        return ActorAnswer(
            standing: actor.standing, capabilities: mayAct ? actor.capabilities : [], sequence: count.value)
    }

    static func setActor(_ context: Context, _ request: Signed<SetActor>) throws(Rejection) -> Nothing {
        // A stolen key goes out of a suspended account, too.
        let isAdministrator = try judge(
            request, Accounts.setActor.number, [], scope: request.body.standing == .out ? .takesBack : .ordinary,
            context)
        try require(isAdministrator, administratorNeeded())
        let change = request.body
        var account = try account(request.act.account, context)
        try require(account.kind == .organisation, personAlone())
        // Of a revoked account a stolen key puts nobody out: whoever takes out what it has does.
        if account.status == .revoked {
            try require(windsUp(request.act.key, account, context), notHolder())
        }
        switch change.standing {
        case .member:
            try require(!change.roles.isEmpty && change.roles.isSubset(of: account.roles), actorRolesWrong())
        case .out, .administrator: try require(change.roles.isEmpty, actorRolesWrong())
        }
        let key = Pair(account.holder, change.key)
        let known = try actors.get(key, in: context)
        try require(known != nil || change.standing != .out, notActor())
        if known?.isAdministrator == true {
            account.administrators = try checked(account.administrators.subtracting(1))
        }
        if change.standing == .administrator {
            account.administrators = try checked(account.administrators.adding(1))
        }
        try require(account.administrators > 0, lastAdministrator())
        if change.standing == .out {
            try actors.remove(key, in: context)
        } else {
            let isAdministrator = change.standing == .administrator
            try actors.set(key, AccountActor(isAdministrator: isAdministrator, roles: change.roles), in: context)
        }
        try context.emit(actorChanged, ActorNotice(account: account.holder, change))
        try store(account, context)
        return Nothing()
    }
}
