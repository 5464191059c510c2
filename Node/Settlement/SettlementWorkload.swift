internal import Chain
internal import ContractKit
internal import LedgerCrypto
package import Primitives
package import Trading

/// A synthetic community, for benchmarks: settles member-periods and hashes every line, as an attester does, without
/// disk. Pure: the same sizes give the same digest.
package struct SettlementWorkload: Sendable {
    private let rules: CommunityRules
    private let community = Address(wellKnown: "benchmark")
    private let balances: [MemberBalance]
    private let salts: SaltList
    private let terms: AllocationTerms

    /// 1 to 131,072 members; every third one has a surplus.
    package init(
        members: Int, model: AllocationModel = .evenSplit, priceRule: PriceRule = .midMarketRate
    ) {
        let grid = PricePair(consumption: 250_000, production: 80_000)
        rules = CommunityRules(
            name: "benchmark", currency: "EUR", period: .minutes15, model: model, priceRule: priceRule,
            gridTariff: Tariff(base: grid), attestation: .validators)
        let count = min(max(members, 1), SaltList.membersMax)
        balances = (1...count).map { number in
            let energy = Int64(number * 7_919 % 4_001)
            return MemberBalance(
                member: MemberNumber(UInt32(number)), production: number % 3 == 0 ? energy : 0,
                consumption: number % 3 == 0 ? 0 : energy, gridPrices: grid)
        }
        salts = SaltList(
            community: SHA256.hash([0]),
            members: balances.map { balance in
                SaltList.Entry(
                    member: balance.member,
                    salt: SaltList.salt(key: SHA256.hash([1]), period: PeriodNumber(0), version: balance.member.value))
            })
        // Every consumer has three producers, a key, and a bid of its own.
        terms = AllocationTerms(
            keys: (0..<count).map { Int64($0 % 7 + 1) * 10_000 / Int64(4 * count) },
            links: (0..<count).map { member in
                (1...3).map { AllocationTerms.Link(producer: (member + $0 * 3) / 3 * 3 % count, amount: 3_000) }
            },
            limits: (0..<count).map {
                PricePair(consumption: 150_000 + Int64($0 * 31 % 100_000), production: 80_000 + Int64($0 * 17 % 90_000))
            })
    }

    /// Settles `periods` periods; member-periods done, and a digest over all roots.
    package func run(periods: Int) throws(SettlementError) -> (memberPeriods: Int, digest: Digest) {
        var digest = Digest.zero
        for period in 0..<max(0, periods) {
            let settlement = try PeriodSettlement(
                community: community, period: PeriodNumber(UInt64(period)), version: 1, rules: rules,
                balances: balances, terms: terms)
            let root = MerkleTree.root(try settlement.leaves(salts))
            digest = SHA256.node(tag: 1, digest, root)
        }
        return (max(0, periods) * balances.count, digest)
    }
}
