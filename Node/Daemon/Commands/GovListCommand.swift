internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Governance
internal import NodeClient
internal import OperatorFiles
internal import Primitives

struct GovListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List proposals, newest first: what they need, and what became of them.")
    @Option(help: "How many.") var limit = 50
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    struct Row: Encodable {
        let number: UInt64
        let proposer: String
        let action: String
        let status: String
        /// Members of the present council that approved it; only while it is open, as the two below.
        let approvedBy: [String]?
        let approvalsNeeded: Int?
        /// RFC 3339; when it ends if it is not approved.
        let openUntil: String?
        /// Of an open or approved one that adds a validator: whether its node reported that it caught up, without which it
        /// fails.
        let isSynced: Bool?

        init(_ proposal: Proposal, approvals: [String]?, needed: Int, isSynced: Bool?) {
            self.isSynced = isSynced
            number = proposal.number
            proposer = proposal.proposer
            action = GovCommand.describe(proposal.action)
            status = GovCommand.describe(proposal.status)
            approvedBy = approvals
            approvalsNeeded = approvals.map { _ in needed }
            openUntil = approvals.map { _ in proposal.expiry.time.text }
        }

        var words: String {
            let synced = isSynced.map { $0 ? "; its node has caught up" : "; its node has not caught up yet" } ?? ""
            guard let approvedBy, let approvalsNeeded, let openUntil else { return status + synced }
            let names = approvedBy.isEmpty ? "" : " (\(approvedBy.joined(separator: ", ")))"
            return "open until \(openUntil): \(approvedBy.count) of \(approvalsNeeded) approvals\(names)\(synced)"
        }
    }

    func run() async throws {
        guard limit > 0 else { throw UserError("--limit must be at least 1.") }
        let rows = try await connection.nodes.with { client in
            let council = try await GovRead.partners(client).filter { $0.roles.contains(.council) && !$0.isSuspended }
                .map(\.id)
            // Two thirds of the council of this moment.
            let needed = (council.count * 2 + 2) / 3
            // Numbers ascend without gaps: the first unknown one ends the list.
            var proposals: [Proposal] = []
            while let proposal = try await GovRead.proposal(UInt64(proposals.count), client) {
                proposals.append(proposal)
            }
            var rows: [Row] = []
            for proposal in proposals.reversed().prefix(limit) {
                var given: [String]?
                if proposal.status == .open {
                    given = try await GovRead.approvals(proposal.number, of: council, client)
                }
                rows.append(
                    Row(
                        proposal, approvals: given, needed: needed,
                        isSynced: try await GovRead.isSynced(proposal, client)))
            }
            return rows
        }
        try output.show(rows) {
            guard !rows.isEmpty else { return "No proposal has been made." }
            var table = TextTable([("number", .right), ("by", .left), ("action", .left), ("status", .left)])
            for row in rows { table.add([String(row.number), row.proposer, row.action, row.words]) }
            return table.text()
        }
    }
}
