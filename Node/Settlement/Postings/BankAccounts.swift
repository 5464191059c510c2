package import Foundation

/// Who is who at the bank: kept by the administrator beside the community file, never on chain. Names and accounts of
/// persons are here and in the files made from them, nowhere else.
package struct BankAccounts: Codable, Hashable, Sendable {
    package static let byteCountMax = 16 * 1024 * 1024

    package struct Account: Codable, Hashable, Sendable {
        package var name: String
        package var iban: String
        /// Nil when the bank finds it by the IBAN.
        package var bic: String?

        package init(name: String, iban: String, bic: String? = nil) {
            self.name = name
            self.iban = iban
            self.bic = bic
        }
    }

    package struct Member: Codable, Hashable, Sendable {
        package var member: UInt32
        package var account: Account
        /// SEPA direct debit mandate: identifier and date of signature (`yyyy-MM-dd`). Nil: the member pays by transfer.
        package var mandate: String?
        package var mandateDate: String?

        package init(member: UInt32, account: Account, mandate: String? = nil, mandateDate: String? = nil) {
            self.member = member
            self.account = account
            self.mandate = mandate
            self.mandateDate = mandateDate
        }
    }

    /// The community's own account.
    package var community: Account
    /// SEPA creditor identifier of the community; nil: no direct debits.
    package var creditor: String?
    package var members: [Member]

    package init(community: Account, creditor: String?, members: [Member]) {
        self.community = community
        self.creditor = creditor
        self.members = members
    }

    /// Reads and checks a file.
    package init(json: Data) throws {
        guard json.count <= BankAccounts.byteCountMax else {
            throw AdaptorError("the file of bank accounts is too large")
        }
        do {
            self = try JSONDecoder().decode(BankAccounts.self, from: json)
        } catch {
            throw AdaptorError("this is no file of bank accounts: \(error)")
        }
        if let problem { throw AdaptorError(problem) }
    }

    /// What is wrong, in words; nil when nothing is.
    package var problem: String? {
        if let problem = SEPA.problem(of: community) { return "the community: \(problem)" }
        if let creditor, !SEPA.isCreditor(creditor) { return "'\(creditor.prefix(40))' is no SEPA creditor identifier" }
        var seen: Set<UInt32> = []
        for member in members {
            if !seen.insert(member.member).inserted { return "member \(member.member) is there twice" }
            if let problem = SEPA.problem(of: member.account) { return "member \(member.member): \(problem)" }
            guard let mandate = member.mandate else { continue }
            if !SEPA.isReference(mandate) {
                return "member \(member.member): '\(mandate.prefix(40))' is no mandate identifier"
            }
            if SEPA.day(member.mandateDate ?? "") == nil {
                return "member \(member.member): a mandate needs the date of its signature, such as 2024-05-31"
            }
        }
        return nil
    }
}
