import Accounts
import Agreements
import Billing
import ContractHost
import ContractKit
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Records, digests and state keys of the data market that other languages and later releases must reproduce.
@Suite struct MarketGoldenTests {
    static let digest = SHA256.hash([1])
    static let key = ContractTestBench.key(of: "golden").publicKey

    static func records() throws -> [(name: String, bytes: [UInt8])] {
        let currency = Market.currency
        let plan = PricePlan(.recurring, currency: currency, price: 5, periodDays: 30, dueDays: 14, paysFirst: true)
        let agreement = Agreement(
            number: 1, offer: 2, terms: digest, provider: digest, user: .zero, providerKey: key, userKey: key,
            dataSets: [digest], purposes: [.research, .advice], plan: plan, from: Timestamp(3), until: Timestamp(4),
            noticeDays: 5, payment: .awaited, changed: Timestamp(6))
        let account = Account(
            holder: digest, kind: .person, status: .active, sponsor: "a", roles: [.dataProvider, .marketOperator],
            capabilities: AuthorisationMatrix.capabilities(of: [.dataProvider, .marketOperator]), credential: .zero,
            contracts: 2, administrators: 1, opened: Timestamp(7), changed: Timestamp(8), reason: 9)
        let location = DataLocation(partner: "p", anchor: "readings", copies: ["q"])
        let dataSet = SharedDataSet(
            provider: digest, name: "load", location: location,
            description: Market.description(owners: [digest], countries: ["DE"], noticeDays: 3), changed: Timestamp(9))
        let terms = OfferTerms(
            dataSets: [digest], user: .zero, purposes: .research, from: Timestamp(1), durationDays: 2,
            expiry: Timestamp(3), plan: plan, text: .zero)
        // Nine ledger records as a sale leaves them.
        var shop = try Shop()
        _ = try shop.agree(Market.plan(.oneTime, 1_000))
        #expect(shop.confirm(0, 400, 1) == nil)
        #expect(shop.code(Billing.credit, CreditInvoice(invoice: 0, amount: 700, reason: 3), by: shop.provider) == nil)
        let billing = shop.market.bench.reading(WellKnown.billing)
        let ledgerKey = LedgerAccount(holder: digest, currency: currency, kind: .clearing)
        return [
            ("Account", account.bcs), ("Agreement", agreement.bcs), ("SharedDataSet", dataSet.bcs),
            ("OfferTerms", terms.bcs),
            (
                "Consent",
                Consent(
                    version: 1, purposes: .research, from: Timestamp(1), until: Timestamp(2), withdrawn: Timestamp(3)
                ).bcs
            ),
            (
                "act digest",
                Act.signingDigest(
                    network: digest, instance: WellKnown.billing, method: 2, account: digest, sequence: 3,
                    until: Timestamp(4), body: .zero
                ).bytes
            ),
            (
                "confirmation digest",
                ConfirmContract.signingDigest(network: digest, holder: digest, number: 4, statement: .zero).bytes
            ),
            ("data set identifier", DataSetID(provider: digest, name: "load").id.bytes),
            ("gateway's holder", LedgerAccount.gateway("payco").bytes),
            ("person's holder", HolderDID.digest(HolderDID.texts(of: key)[0]).bytes),
            ("Invoice", try #require(try Billing.invoices.get(0, in: billing)).bcs),
            ("PaymentReceipt", try #require(try Billing.receipts.get(0, in: billing)).bcs),
            ("CreditNote", try #require(try Billing.creditNotes.get(0, in: billing)).bcs),
            ("AgreementBill", try #require(try Billing.bills.get(0, in: billing)).bcs),
            ("TrialBalance", try #require(try Billing.trials.get(currency, in: billing)).bcs),
            ("balance key", Billing.balances.stateKey(ledgerKey, at: WellKnown.billing)),
            ("consent key", Agreements.consents.stateKey(Pair(digest, .zero), at: WellKnown.agreements)),
            ("count key", Directory.actCounts.stateKey(Pair(digest, key), at: WellKnown.accounts)),
        ]
    }

    @Test func formatsAreAsPinned() throws {
        let lines = try Self.records().map { "\($0.name) \(Hex.encode($0.bytes))\n" }.joined()
        #expect(try Golden.matches(file: "market/records.txt", Data(lines.utf8)))
    }
}
