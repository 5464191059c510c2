internal import Chain
internal import ContractKit
internal import Governance
internal import NodeClient
internal import OperatorFiles
internal import Primitives

/// What the `gov` commands read of Governance, on the word of the node that is asked.
enum GovRead {
    static func partners(_ connection: ConnectionOptions) async throws -> [Partner] {
        try await connection.nodes.with { try await partners($0) }
    }

    static func partners(_ client: NodeClient) async throws -> [Partner] {
        var partners: [Partner] = []
        var from = ""
        while true {
            let bytes = try await client.query(
                WellKnown.governance, Governance.partnersQuery.number, arguments: PartnerPage(from: from).bcs)
            let page = try PartnerList(bcs: bytes).partners
            partners += page
            guard page.count == PartnerList.countMax, let last = page.last else { return partners }
            from = last.id + "\u{1}"
        }
    }

    /// The partner, or an error that names the nearest ones: a proposal about nobody would only fail at its end.
    static func partner(_ id: String, _ connection: ConnectionOptions) async throws -> Partner {
        try partner(id, in: try await partners(connection))
    }

    static func partner(_ id: String, in partners: [Partner]) throws -> Partner {
        if let found = partners.first(where: { $0.id == id }) { return found }
        let names = partners.map(\.id)
        let hint =
            Spelling.nearest(to: id, in: names).map { "did you mean '\($0)'?" }
            ?? "see `commonwatt gov partners`."
        throw UserError("No partner is called '\(id)'; \(hint) Nothing was proposed.")
    }

    static func parameters(_ connection: ConnectionOptions) async throws -> NetworkParameters {
        let key = Directory.parameters.stateKey(at: WellKnown.governance)
        let value = try await connection.nodes.with { try await $0.value(key).value }
        return try value.map { try NetworkParameters(bcs: $0) } ?? NetworkParameters()
    }

    /// Nil when no proposal has the number.
    static func proposal(_ number: UInt64, _ client: NodeClient) async throws -> Proposal? {
        let bytes: [UInt8]
        do {
            bytes = try await client.query(
                WellKnown.governance, Governance.proposalQuery.number, arguments: ProposalID(number).bcs)
        } catch ClientError.problem(let report) where report.code == Governance.proposalUnknown.code {
            return nil
        }
        return try Proposal(bcs: bytes)
    }

    /// Which of the members approved a proposal.
    static func approvals(_ number: UInt64, of members: [String], _ client: NodeClient) async throws -> [String] {
        var given: [String] = []
        for member in members {
            let key = Governance.approvals.stateKey(Pair(number, member), at: WellKnown.governance)
            if try await client.value(key).value != nil { given.append(member) }
        }
        return given
    }

    /// Whether the node of a validator that a proposal is still to add has reported that it caught up; nil of others.
    static func isSynced(_ proposal: Proposal, _ client: NodeClient) async throws -> Bool? {
        guard case .addValidator(let claim) = proposal.action else { return nil }
        switch proposal.status {
        case .open, .approved: break
        case .enacted, .failed, .expired, .withdrawn: return nil
        }
        let key = Governance.syncReports.stateKey(claim.validator.partner, at: WellKnown.governance)
        let height = try await client.value(key).value.map { try Height(bcs: $0) }
        return height.map { $0 >= proposal.submitted } ?? false
    }

    /// The sentence of a rejection by Governance or the host.
    static func words(_ code: UInt16) -> String {
        let kind = (Governance.rejections + HostRejection.all).first { $0.code == code }
        return "\(kind?.text ?? "an unknown reason") (rejection \(code))"
    }
}
