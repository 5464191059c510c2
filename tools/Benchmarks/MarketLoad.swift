internal import Accounts
internal import Agreements
internal import Billing
internal import Chain
internal import ContractKit
internal import Dispatch
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Contracts of many pairs of people, each a provider and a user with keys of their own, carried by the partners of the
/// local network.
struct MarketLoad {
    struct Person {
        let index: Int
        let isProvider: Bool

        var key: Secp256k1.SecretKey {
            var turn: UInt8 = 0
            while true {
                let seed = SHA256.hash(Array("market/\(index)/\(isProvider)/\(turn)".utf8))
                if let key = Secp256k1.SecretKey(seed.bytes) { return key }
                turn &+= 1
            }
        }
        var holder: Digest { HolderDID.digest(HolderDID.texts(of: key.publicKey)[0]) }
    }

    static let price: Amount = 12_500_000

    let network: LocalNetwork
    let id: Digest
    let pairs: Int
    private let expiry = Timestamp.wallClock.adding(milliseconds: 86_400_000)

    private var euro: Currency {
        get throws {
            guard let euro = Currency("EUR") else { throw BenchError("EUR is no currency") }
            return euro
        }
    }

    private func provider(_ index: Int) -> Person { Person(index: index, isProvider: true) }
    private func user(_ index: Int) -> Person { Person(index: index, isProvider: false) }

    private func key(_ partner: String) throws -> Secp256k1.SecretKey {
        guard let place = network.partners.firstIndex(of: partner) else { throw BenchError("no partner \(partner)") }
        return network.keys[place]
    }

    // MARK: phases, in order

    private func opening(_ person: Person) -> OpenAccount {
        OpenAccount(
            holder: person.holder, kind: .person, credential: SHA256.hash(person.holder.bytes),
            roles: person.isProvider ? .dataProvider : .dataUser, administrators: [person.key.publicKey])
    }

    private var people: [Person] { (0..<pairs).flatMap { [provider($0), user($0)] } }

    func opens() throws -> [Transaction] {
        let people = people
        return try transactions(people.count, by: ["coop", "energylab", "gridco"]) {
            Accounts.open.call(on: WellKnown.accounts, opening(people[$0]))
        }
    }

    func confirmations() throws -> [Transaction] {
        let people = people
        return try transactions(people.count, by: network.partners) { index in
            let person = people[index]
            let digest = ConfirmContract.signingDigest(
                network: id, holder: person.holder, number: 0, statement: SHA256.hash(opening(person).bcs))
            return Accounts.confirm.call(
                on: WellKnown.accounts,
                ConfirmContract(
                    holder: person.holder, number: 0, key: person.key.publicKey, signature: person.key.sign(digest)))
        }
    }

    func descriptions() throws -> [Transaction] {
        try transactions(pairs, by: ["coop"]) { index in
            let description = DataDescription(
                origin: .measured, type: .timeSeries, sharingClass: .saleOnly, privacy: .anonymised, velocity: .hourly,
                volume: 1, authority: .ownership, purposes: .research, text: SHA256.hash([1]))
            let body = DescribeDataSet(
                name: "set", previous: 0, location: DataLocation(partner: "coop", anchor: "set-\(index)"),
                description: description)
            return act(Agreements.describe, on: WellKnown.agreements, body, by: provider(index), 0)
        }
    }

    private func terms(_ index: Int) throws -> OfferTerms {
        OfferTerms(
            dataSets: [DataSetID(provider: provider(index).holder, name: "set").id], purposes: .research,
            durationDays: 30, expiry: expiry,
            plan: PricePlan(.oneTime, currency: try euro, price: MarketLoad.price, dueDays: 14, paysFirst: true),
            text: SHA256.hash([2]))
    }

    func offers() throws -> [Transaction] {
        try transactions(pairs, by: network.partners) { index in
            (try? terms(index)).flatMap {
                act(Agreements.offer, on: WellKnown.agreements, $0, by: provider(index), 1)
            }
        }
    }

    /// Each makes an agreement and its first invoice. `numbers` are those of the pairs' offers.
    func countersignatures(_ numbers: [UInt64]) throws -> [Transaction] {
        try transactions(pairs, by: network.partners) { index in
            (try? terms(index)).flatMap {
                act(
                    Agreements.countersign, on: WellKnown.agreements,
                    Countersign(offer: numbers[index], terms: $0.digest), by: user(index), 0)
            }
        }
    }

    func deposits() throws -> [Transaction] {
        let euro = try euro
        return try transactions(pairs, by: ["sunsupply"]) { index in
            Billing.deposit.call(
                on: WellKnown.billing,
                GatewayDeposit(
                    account: user(index).holder, currency: euro, amount: MarketLoad.price,
                    reference: SHA256.hash(Array("deposit \(index)".utf8))))
        }
    }

    /// Each makes a receipt. `numbers` are those of the pairs' invoices.
    func payments(_ numbers: [UInt64]) throws -> [Transaction] {
        try transactions(pairs, by: network.partners) { index in
            act(
                Billing.pay, on: WellKnown.billing, PayInvoice(invoice: numbers[index], amount: MarketLoad.price),
                by: user(index), 1)
        }
    }

    // MARK: numbers that the chain gave

    func offerNumbers(_ client: NodeClient) async throws -> [UInt64] {
        let holders = Dictionary(uniqueKeysWithValues: (0..<pairs).map { (provider($0).holder, $0) })
        return try await numbers { number in
            let bytes = try await client.query(
                WellKnown.agreements, Agreements.offerQuery.number, arguments: OfferID(number).bcs)
            return holders[try Offer(bcs: bytes).provider]
        }
    }

    func invoiceNumbers(_ client: NodeClient) async throws -> [UInt64] {
        let holders = Dictionary(uniqueKeysWithValues: (0..<pairs).map { (user($0).holder, $0) })
        return try await numbers { number in
            let bytes = try await client.query(
                WellKnown.billing, Billing.invoiceQuery.number, arguments: DocumentNumber(number).bcs)
            return holders[try Invoice(bcs: bytes).buyer]
        }
    }

    /// By pair, from what `pair` says of each number.
    private func numbers(_ pair: (UInt64) async throws -> Int?) async throws -> [UInt64] {
        var found = [UInt64?](repeating: nil, count: pairs)
        for number in 0..<UInt64(pairs) {
            guard let index = try await pair(number) else { throw BenchError("number \(number) is of nobody") }
            found[index] = number
        }
        return found.compactMap { $0 }
    }

    // MARK: signing

    private func act<Body, Output>(
        _ method: Method<Signed<Body>, Output>, on instance: Address, _ body: Body, by person: Person,
        _ sequence: UInt64
    ) -> Call? {
        let key = person.key
        let signer = ActSigner(
            network: id, account: person.holder, key: key.publicKey, sequence: sequence,
            until: Timestamp.wallClock.adding(milliseconds: Act.usualLifetimeMilliseconds)
        ) { _, digest in key.sign(digest) }
        return method.call(on: instance, body, by: signer)
    }

    /// Signs on all cores; partners carry in turn.
    private func transactions(
        _ count: Int, by partners: [String], _ call: @Sendable (Int) -> Call?
    ) throws -> [Transaction] {
        let expiry = Timestamp.wallClock.adding(milliseconds: 540_000)
        let salt = UInt64.random(in: 0...UInt64.max / 2)
        let keys = try partners.map(key)
        let slots = Slots<Transaction>(count)
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let key = keys[index % keys.count]
            guard let call = call(index) else { return }
            let body = TransactionBody(
                network: id, sender: key.publicKey, expiry: expiry, salt: salt + UInt64(index), calls: [call])
            if let transaction = try? Transaction(signing: body, with: key) { slots.set(index, transaction) }
        }
        let made = slots.values
        guard made.count == count else { throw BenchError("\(count - made.count) transactions could not be signed") }
        return made
    }
}
