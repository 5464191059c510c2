package import Chain
package import DataLake
package import Trading

/// How a settler goes about its work. Times in milliseconds of block time.
package struct SettlerSettings: Sendable {
    /// Data deadline: how long after a period's end lacking readings and prices are waited for. Then it is settled as the
    /// chain allows: provisional before the deadline of the community's rules, final after it.
    package var dataMilliseconds: UInt64 = 86_400_000
    /// Changed readings of a final period must have been the same for so long before it is corrected, so that what
    /// arrives meter by meter makes one correction. For so long nothing is settled after members, terms or prices changed.
    package var quietMilliseconds: UInt64 = 60_000
    /// How long a settler of another partner than the administrator leaves a period to that one.
    package var delayMilliseconds: UInt64 = 30_000
    /// Between two questions to the partners for batches that this lake lacks.
    package var syncMilliseconds: UInt64 = 30_000
    /// First wait after a failure; doubled up to `retryMillisecondsMax`.
    package var retryMilliseconds: UInt64 = 2_000
    package var retryMillisecondsMax: UInt64 = 300_000
    /// Periods computed and attested at the same time.
    package var concurrentMax = 4
    /// Periods of a community that one round looks at.
    package var periodsPerRoundMax = 512
    /// Final periods of a community that one round compares with the readings.
    package var comparisonsPerRoundMax = 64

    package init() {}
}

/// What became of a settlement that was handed to the chain.
package enum SettlerSubmission: Sendable {
    case settled
    case rejected(code: UInt16, text: String)
    /// It may still become final; the chain will tell.
    case unknown(String)
}

/// What a settler needs of the node that it runs in.
package struct SettlerPorts: Sendable {
    package typealias Submit = @Sendable (Address, AttestedSettlement) async -> SettlerSubmission

    /// This node's partner.
    package let partner: String
    package let chain: ChainSource
    package let ask: SettlementEngine.Ask
    package let submit: Submit

    package init(
        partner: String, chain: @escaping ChainSource, ask: @escaping SettlementEngine.Ask, submit: @escaping Submit
    ) {
        self.partner = partner
        self.chain = chain
        self.ask = ask
        self.submit = submit
    }
}
