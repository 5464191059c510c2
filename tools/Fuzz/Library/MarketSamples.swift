internal import Accounts
internal import Agreements
internal import Billing
internal import ContractKit
internal import LedgerCrypto
internal import Primitives
internal import Simulator

/// Arguments of the data market's calls whose own rules a shape alone does not meet: bits, countries, currencies.
enum MarketSamples {
    private static let key = Identity.operatorKey(0)
    private static let holder = SHA256.hash([1])

    private static var act: Act {
        Act(account: holder, key: key.publicKey, sequence: 3, until: Timestamp(9), signature: key.sign(.zero))
    }

    private static func signed(_ body: some ContractValue & Hashable) -> [UInt8] { body.bcs + act.bcs }

    private static var description: DataDescription {
        DataDescription(
            origin: .measured, type: .timeSeries, sharingClass: .saleOnly, sovereignty: .restricted,
            countries: ["DE", "FR"].compactMap(CountryCode.init), privacy: .pseudonymised, velocity: .hourly,
            volume: 1_000, authority: .consent, owners: [holder], purposes: [.research, .forecasting], noticeDays: 10,
            deletionDays: 30, text: .zero)
    }

    static var all: [String: [UInt8]] {
        guard let currency = Currency("EUR") else { return [:] }
        let plan = PricePlan(
            .recurring, currency: currency, price: 1_000_000, periodDays: 30, dueDays: 14, paysFirst: true)
        let agreement = Agreement(
            number: 1, offer: 1, terms: .zero, provider: holder, user: .zero, providerKey: key.publicKey,
            userKey: key.publicKey, dataSets: [holder], purposes: .research, plan: plan, from: Timestamp(1),
            until: Timestamp(2), noticeDays: 0, payment: .awaited, changed: Timestamp(1))
        return [
            "accounts.open": OpenAccount(
                holder: holder, kind: .organisation, credential: .zero, roles: [.dataProvider, .dataUser],
                administrators: [key.publicKey]
            ).bcs,
            "accounts.addContract": AddContract(holder: holder, credential: .zero, roles: .serviceUser).bcs,
            "accounts.setActor": signed(SetActor(key: key.publicKey, standing: .member, roles: .dataUser)),
            "accounts.authorise": ActRequest(
                act: act, method: 1, body: .zero, capabilities: [.contracting, .accessData], scope: .takesBack
            ).bcs,
            "agreements.describe": signed(
                DescribeDataSet(
                    name: "load", location: DataLocation(partner: "aurora", anchor: "load", copies: ["borealis"]),
                    description: description)),
            "agreements.offer": signed(
                OfferTerms(
                    dataSets: [holder], user: .zero, purposes: .research, durationDays: 30, expiry: Timestamp(9),
                    plan: plan, text: .zero)),
            "agreements.grantConsent": signed(
                GrantConsent(dataSet: holder, version: 1, purposes: .research, until: Timestamp(9))),
            "billing.begin": BillingStart(agreement).bcs,
            "billing.confirmPayment": GatewayPayment(
                invoice: 1, currency: currency, amount: 5, reference: holder
            ).bcs,
            "billing.deposit": GatewayDeposit(account: holder, currency: currency, amount: 5, reference: holder).bcs,
            "billing.payOut": signed(PayOut(gateway: "aurora", currency: currency, amount: 5, destination: holder)),
        ]
    }
}
