internal import Chain
internal import ContractKit
internal import Primitives

extension Governance {
    static func propose(_ context: Context, _ request: Propose) throws(Rejection) -> ProposalID {
        let proposer = try context.requirePartner(with: .council)
        // What cannot work now is refused at once; enactment checks again, since the state may change until then.
        if case .setParameters(let parameters) = request.action, let problem = parameters.problem {
            throw parametersInvalid(problem)
        }
        try countProposal(of: proposer, isOpen: true, context)
        let number = try proposalCount.get(in: context)?.value ?? 0
        try proposalCount.set(Height(checked(number.adding(1))), in: context)
        let lifetime = try parameters(context).proposalLifetimeMilliseconds
        let id = ProposalID(number)
        let expiry = try context.schedule(expire.message, id, at: context.time.adding(milliseconds: lifetime))
        let proposal = Proposal(
            number: number, proposer: proposer, action: request.action, submitted: context.height, expiry: expiry,
            status: .open)
        try proposals.set(number, proposal, in: context)
        try context.emit(proposed, ProposalNotice(number: number, partner: proposer))
        try record(approvalBy: proposer, of: proposal, context)
        return id
    }

    static func approve(_ context: Context, _ id: ProposalID) throws(Rejection) -> Nothing {
        let partner = try context.requirePartner(with: .council)
        let proposal = try openProposal(id.number, context)
        // Also where the call that closes it was refused, or waits.
        try require(context.time < proposal.expiry.time, proposalClosed())
        try require(!approvals.contains(Pair(id.number, partner), in: context), alreadyApproved())
        try record(approvalBy: partner, of: proposal, context)
        return Nothing()
    }

    private static func record(
        approvalBy partner: String, of proposal: Proposal, _ context: Context
    ) throws(Rejection) {
        try approvals.set(Pair(proposal.number, partner), context.height, in: context)
        try context.emit(approved, ProposalNotice(number: proposal.number, partner: partner))
        guard try isApproved(proposal.number, context) else { return }
        // At least one millisecond: a scheduled call runs in a later block.
        let delay = try max(1, parameters(context).enactDelayMilliseconds)
        let time = context.time.adding(milliseconds: delay)
        try context.cancel(proposal.expiry)
        try context.schedule(enact.message, ProposalID(proposal.number), at: time)
        try setStatus(.approved(enactAt: time), of: proposal, by: partner, context)
    }

    static func withdraw(_ context: Context, _ id: ProposalID) throws(Rejection) -> Nothing {
        let partner = try context.requirePartner(itselfOr: .council)
        let proposal = try openProposal(id.number, context)
        try require(proposal.proposer == partner, notProposer())
        try context.cancel(proposal.expiry)
        try setStatus(.withdrawn, of: proposal, by: partner, context)
        return Nothing()
    }

    static func expire(_ context: Context, _ id: ProposalID) throws(Rejection) -> Nothing {
        let proposal = try proposal(id.number, context)
        // Closed by what came before.
        guard proposal.status != .expired else { return Nothing() }
        try require(proposal.status == .open, proposalClosed())
        try context.requireSchedule(of: proposal.expiry)
        try setStatus(.expired, of: proposal, by: "", context)
        return Nothing()
    }

    /// Refused, it is proposed anew: started by anybody at any time, an old decision would meet another network.
    static func enact(_ context: Context, _ id: ProposalID) throws(Rejection) -> Nothing {
        try context.requireSchedule()
        let proposal = try proposal(id.number, context)
        guard case .approved = proposal.status else { throw proposalClosed() }
        let outcome = context.attempt { () throws(Rejection) in
            // Council members may have left since the approval.
            try require(isApproved(proposal.number, context), approvalsMissing())
            try perform(proposal, context)
        }
        switch outcome {
        case .success: try setStatus(.enacted(context.height), of: proposal, by: "", context)
        case .failure(let refusal): try setStatus(.failed(code: refusal.code), of: proposal, by: "", context)
        }
        return Nothing()
    }

    // MARK: Parts

    /// Whether at least two thirds of the active council members of this moment approved.
    static func isApproved(_ number: UInt64, _ context: Context) throws(Rejection) -> Bool {
        let members = try council.page(limit: councilMax, in: context)
        return try context.twoThirds(of: members) { (member) throws(Rejection) in
            try approvals.contains(Pair(number, member), in: context)
        }
    }

    static func proposal(_ number: UInt64, _ context: Context) throws(Rejection) -> Proposal {
        guard let proposal = try proposals.get(number, in: context) else { throw proposalUnknown("\(number)") }
        return proposal
    }

    private static func openProposal(_ number: UInt64, _ context: Context) throws(Rejection) -> Proposal {
        let proposal = try proposal(number, context)
        try require(proposal.status == .open, proposalClosed())
        return proposal
    }

    private static func setStatus(
        _ status: Proposal.Status, of proposal: Proposal, by partner: String, _ context: Context
    ) throws(Rejection) {
        if proposal.status == .open { try countProposal(of: proposal.proposer, isOpen: false, context) }
        var changed = proposal
        changed.status = status
        try proposals.set(proposal.number, changed, in: context)
        try context.emit(decided, ProposalNotice(number: proposal.number, partner: partner))
    }

    private static func countProposal(of member: String, isOpen: Bool, _ context: Context) throws(Rejection) {
        let open = try openProposals.get(member, in: context)?.value ?? 0
        if isOpen { try require(open < openProposalsMax, tooManyProposals()) }
        try openProposals.set(member, Height(isOpen ? open + 1 : open - min(1, open)), in: context)
    }

    static func parameters(_ context: Context) throws(Rejection) -> NetworkParameters {
        try Directory.parameters.get(in: context) ?? NetworkParameters()
    }

    static func perform(_ proposal: Proposal, _ context: Context) throws(Rejection) {
        switch proposal.action {
        case .addPartner(let partner): try add(partner, context)
        case .changePartner(let id, let name, let roles): try change(id, name: name, roles: roles, context)
        case .replaceKeys(let id, let keys): try replaceKeys(of: id, keys, context)
        case .suspend(let id): try setSuspended(true, id, context)
        case .reinstate(let id): try setSuspended(false, id, context)
        case .addValidator(let claim): try add(claim, proposed: proposal.submitted, context)
        case .removeValidator(let partner): try removeValidator(of: partner, context)
        case .activate(let activation): try activate(activation, context)
        case .setParameters(let parameters):
            if let problem = parameters.problem { throw parametersInvalid(problem) }
            try Directory.parameters.set(parameters, in: context)
        case .locate(let id, let country): try locate(id, country, context)
        }
    }
}
