internal import Foundation
package import Primitives

/// Bank files of a span: payments to members who get something (pain.001.001.09) and direct debits from members who owe
/// something (pain.008.001.08), as the SEPA schemes have them.
package struct SEPAFiles: Sendable {
    /// Nil when nobody is to be paid, or debited.
    package let payments: String?
    package let debits: String?
    /// Members who are in neither, with the reason.
    package let left: [(member: UInt32, reason: String)]

    /// `day` is when the bank is to act (`yyyy-MM-dd`), `purpose` the text that members read; `now` stamps the files.
    package init(
        _ list: PostingList, accounts: BankAccounts, day: String, purpose: String, now: Timestamp
    ) throws {
        guard list.currency == "EUR" else {
            throw AdaptorError("SEPA knows euros only; this community counts in \(list.currency)")
        }
        if let problem = accounts.problem { throw AdaptorError(problem) }
        guard SEPA.day(day) != nil else { throw AdaptorError("'\(day.prefix(32))' is no day such as 2026-11-30") }
        let members = Dictionary(accounts.members.map { ($0.member, $0) }, uniquingKeysWith: { first, _ in first })
        var paid: [SEPATransaction] = []
        var debited: [SEPATransaction] = []
        var left: [(member: UInt32, reason: String)] = []
        for row in list.rows where row.cents != 0 {
            guard let member = members[row.member] else {
                left.append((row.member, "no bank account is known"))
                continue
            }
            guard row.cents.magnitude <= UInt64(SEPA.centsMax) else {
                left.append((row.member, "the amount is above what one transaction may have"))
                continue
            }
            let transaction = SEPATransaction(
                member: member, cents: Int64(row.cents.magnitude),
                reference: "M\(row.member)-\(list.from / 3_600_000)-\(list.to / 3_600_000)",
                text: SEPA.text("\(purpose), member \(row.member)", max: SEPA.remittanceMax))
            if row.cents > 0 {
                paid.append(transaction)
            } else if member.mandate == nil || accounts.creditor == nil {
                left.append(
                    (
                        row.member,
                        "there is no mandate for a direct debit; the member transfers \(PostingList.amount(-row.cents)) EUR"
                    ))
            } else {
                debited.append(transaction)
            }
        }
        self.left = left
        let head = SEPAHead(accounts: accounts, list: list, day: day, now: now)
        payments = paid.isEmpty ? nil : head.payments(paid)
        debits = debited.isEmpty ? nil : head.debits(debited, creditor: accounts.creditor ?? "")
    }
}

struct SEPATransaction {
    let member: BankAccounts.Member
    /// Above zero.
    let cents: Int64
    let reference: String
    let text: String

    var amount: String { "<InstdAmt Ccy=\"EUR\">\(PostingList.amount(cents))</InstdAmt>" }
    var remittance: String { "<RmtInf><Ustrd>\(XMLText.escaped(text))</Ustrd></RmtInf>" }
}

/// Parts that both messages share.
struct SEPAHead {
    let accounts: BankAccounts
    let list: PostingList
    let day: String
    let now: Timestamp

    /// At most 35 characters, different for every file: community, end of the span, second, kind.
    private func identifier(_ kind: String) -> String {
        "\(list.community.prefix(8))-\(list.to / 3_600_000)-\(now.milliseconds / 1_000)-\(kind)"
    }

    private func sums(_ transactions: [SEPATransaction]) -> String {
        "<NbOfTxs>\(transactions.count)</NbOfTxs><CtrlSum>\(PostingList.amount(transactions.reduce(0) { $0 + $1.cents }))</CtrlSum>"
    }

    private func name(_ text: String) -> String { "<Nm>\(XMLText.escaped(SEPA.text(text, max: SEPA.nameMax)))</Nm>" }

    private func account(_ iban: String) -> String { "<Id><IBAN>\(XMLText.escaped(iban))</IBAN></Id>" }

    private func agent(_ account: BankAccounts.Account) -> String {
        "<FinInstnId>\(account.bic.map { "<BICFI>\(XMLText.escaped($0))</BICFI>" } ?? "<Othr><Id>NOTPROVIDED</Id></Othr>")</FinInstnId>"
    }

    private func document(
        _ schema: String, _ root: String, _ kind: String, _ transactions: [SEPATransaction], _ body: String
    ) -> String {
        let created = Date(timeIntervalSince1970: Double(now.milliseconds / 1_000)).ISO8601Format()
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:\(schema)">
            <\(root)>
            <GrpHdr><MsgId>\(identifier(kind))</MsgId><CreDtTm>\(created)</CreDtTm>\(sums(transactions))<InitgPty>\(name(accounts.community.name))</InitgPty></GrpHdr>
            \(body)
            </\(root)>
            </Document>

            """
    }

    func payments(_ transactions: [SEPATransaction]) -> String {
        let rows = transactions.map { each in
            "<CdtTrfTxInf><PmtId><EndToEndId>\(each.reference)</EndToEndId></PmtId><Amt>\(each.amount)</Amt>"
                + (each.member.account.bic == nil ? "" : "<CdtrAgt>\(agent(each.member.account))</CdtrAgt>")
                + "<Cdtr>\(name(each.member.account.name))</Cdtr><CdtrAcct>\(account(each.member.account.iban))</CdtrAcct>"
                + "\(each.remittance)</CdtTrfTxInf>"
        }
        let body = """
            <PmtInf><PmtInfId>\(identifier("P"))</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>true</BtchBookg>\(sums(transactions))
            <PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf><ReqdExctnDt><Dt>\(day)</Dt></ReqdExctnDt>
            <Dbtr>\(name(accounts.community.name))</Dbtr><DbtrAcct>\(account(accounts.community.iban))</DbtrAcct><DbtrAgt>\(agent(accounts.community))</DbtrAgt>
            <ChrgBr>SLEV</ChrgBr>
            \(rows.joined(separator: "\n"))
            </PmtInf>
            """
        return document("pain.001.001.09", "CstmrCdtTrfInitn", "P", transactions, body)
    }

    func debits(_ transactions: [SEPATransaction], creditor: String) -> String {
        let rows = transactions.map { each in
            "<DrctDbtTxInf><PmtId><EndToEndId>\(each.reference)</EndToEndId></PmtId>\(each.amount)"
                + "<DrctDbtTx><MndtRltdInf><MndtId>\(XMLText.escaped(each.member.mandate ?? ""))</MndtId><DtOfSgntr>\(XMLText.escaped(each.member.mandateDate ?? ""))</DtOfSgntr></MndtRltdInf></DrctDbtTx>"
                + "<DbtrAgt>\(agent(each.member.account))</DbtrAgt><Dbtr>\(name(each.member.account.name))</Dbtr>"
                + "<DbtrAcct>\(account(each.member.account.iban))</DbtrAcct>\(each.remittance)</DrctDbtTxInf>"
        }
        let body = """
            <PmtInf><PmtInfId>\(identifier("D"))</PmtInfId><PmtMtd>DD</PmtMtd><BtchBookg>true</BtchBookg>\(sums(transactions))
            <PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl><LclInstrm><Cd>CORE</Cd></LclInstrm><SeqTp>RCUR</SeqTp></PmtTpInf><ReqdColltnDt>\(day)</ReqdColltnDt>
            <Cdtr>\(name(accounts.community.name))</Cdtr><CdtrAcct>\(account(accounts.community.iban))</CdtrAcct><CdtrAgt>\(agent(accounts.community))</CdtrAgt>
            <ChrgBr>SLEV</ChrgBr><CdtrSchmeId><Id><PrvtId><Othr><Id>\(creditor)</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm></Othr></PrvtId></Id></CdtrSchmeId>
            \(rows.joined(separator: "\n"))
            </PmtInf>
            """
        return document("pain.008.001.08", "CstmrDrctDbtInitn", "D", transactions, body)
    }
}

enum XMLText {
    static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "'", with: "&apos;")
    }
}
