internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Accounts {
    /// How long a judgement over an operator waits for a second operator's.
    static let judgementDays: UInt32 = 7

    // MARK: The council and operators

    static func voteOperator(_ context: Context, _ request: VoteOperator) throws(Rejection) -> Nothing {
        let member = try context.requirePartner(with: .council)
        let account = try account(request.account, context)
        // The role is taken from a suspended operator, too.
        let mayChange = account.status == .active || (account.status == .suspended && !request.isOperator)
        try require(mayChange, stepForbidden(account.status.word))
        try require(account.roles.contains(.marketOperator) != request.isOperator, operatorUnchanged())
        func agrees(_ partner: String) throws(Rejection) -> Bool {
            guard let vote = try votes.get(Pair(request.account, partner), in: context) else { return false }
            return vote.isOperator == request.isOperator && context.counts(voteOf: vote.time)
        }
        try require(!agrees(member), votedBefore())
        let vote = OperatorVote(isOperator: request.isOperator, time: context.time)
        try votes.set(Pair(request.account, member), vote, in: context)
        let council = try context.councilMembers()
        let isDecided = try context.twoThirds(of: council, agree: agrees)
        try context.emit(
            voted,
            OperatorVoteNotice(
                account: request.account, partner: member, isOperator: request.isOperator, isDecided: isDecided))
        guard isDecided else { return Nothing() }
        // The next question is a new one.
        for partner in council { try votes.remove(Pair(request.account, partner), in: context) }
        let roles =
            request.isOperator ? account.roles.union(.marketOperator) : account.roles.subtracting(.marketOperator)
        try give(roles, to: account, context)
        return Nothing()
    }

    static func suspend(_ context: Context, _ request: Signed<AccountJudgement>) throws(Rejection) -> Nothing {
        try rule(.suspend, Accounts.suspend.number, request, context)
    }

    static func reinstate(_ context: Context, _ request: Signed<AccountJudgement>) throws(Rejection) -> Nothing {
        try rule(.reinstate, Accounts.reinstate.number, request, context)
    }

    static func revoke(_ context: Context, _ request: Signed<AccountJudgement>) throws(Rejection) -> Nothing {
        guard request.act.account == request.body.account else {
            return try rule(.revoke, Accounts.revoke.number, request, context)
        }
        let isAdministrator = try judge(request, Accounts.revoke.number, [], scope: .takesBack, context)
        try require(isAdministrator, administratorNeeded())
        // What is frozen stays so: a revoked account pays its cash out. An operator revokes a suspended one.
        try require(account(request.body.account, context).status != .suspended, accountSuspended())
        return try take(.revoke, request.body, context)
    }

    /// An operator's judgement. One over another operator counts when a second operator judges the same.
    private static func rule(
        _ step: AccountStep, _ method: UInt16, _ request: Signed<AccountJudgement>, _ context: Context
    ) throws(Rejection) -> Nothing {
        _ = try judge(request, method, .governMarketplace, context)
        let (judge, target) = (request.act.account, try account(request.body.account, context))
        guard target.roles.contains(.marketOperator), target.holder != judge else {
            return try take(step, request.body, context)
        }
        try require(request.body.reason > 0, reasonMissing())
        _ = try next(target, step)
        let key = Pair(target.holder, method)
        if let first = try judgements.get(key, in: context), try holds(first.by, first.time, context) {
            try require(first.by != judge, judgedBefore())
            try require(first.reason == request.body.reason, reasonDiffers("\(first.reason)"))
            try judgements.remove(key, in: context)
            return try take(step, request.body, context)
        }
        let judgement = OperatorJudgement(by: judge, reason: request.body.reason, time: context.time)
        try judgements.set(key, judgement, in: context)
        try context.emit(judged, JudgementNotice(account: target.holder, method: method, judgement: judgement))
        return Nothing()
    }

    /// A first judgement waits seven days for the second one, as long as its operator is one.
    private static func holds(
        _ judge: Digest, _ time: Timestamp, _ context: Context
    ) throws(Rejection) -> Bool {
        let account = try Directory.accounts.get(judge, in: context)
        return context.time <= time.adding(days: judgementDays) && account?.status == .active
            && account?.roles.contains(.marketOperator) == true
    }

    /// Neither an operator nor a stolen key alone takes out what an account has whose DID has ended: two operators name the
    /// administrator of it that may.
    static func release(_ context: Context, _ request: Signed<ReleaseAccount>) throws(Rejection) -> Nothing {
        _ = try judge(request, Accounts.release.number, .governMarketplace, context)
        let (judge, body) = (request.act.account, request.body)
        let target = try account(body.account, context)
        try require(body.reason > 0, reasonMissing())
        let isReachable = try context.isReachable(target.holder)
        try require(target.status == .revoked && !isReachable, stepForbidden("its DID or its account is live"))
        let actor = try actors.get(Pair(target.holder, body.key), in: context)
        try require(actor?.isAdministrator == true, notActor())
        let first = try releaseJudgements.get(target.holder, in: context)
        var isDecided = false
        if let first, try holds(first.by, first.time, context) {
            try require(first.by != judge, judgedBefore())
            try require(first.reason == body.reason && first.key == body.key, reasonDiffers("\(first.reason)"))
            try releaseJudgements.remove(target.holder, in: context)
            try releases.set(target.holder, body.key, in: context)
            isDecided = true
        } else {
            let judgement = ReleaseJudgement(by: judge, key: body.key, reason: body.reason, time: context.time)
            try releaseJudgements.set(target.holder, judgement, in: context)
        }
        try context.emit(released, ReleaseNotice(release: body, by: judge, isDecided: isDecided))
        return Nothing()
    }

    private static func take(
        _ step: AccountStep, _ request: AccountJudgement, _ context: Context
    ) throws(Rejection) -> Nothing {
        try require(request.reason > 0, reasonMissing())
        var account = try account(request.account, context)
        account.status = try next(account, step)
        account.changed = context.time
        account.reason = step == .reinstate ? 0 : request.reason
        try store(account, context)
        return Nothing()
    }
}
