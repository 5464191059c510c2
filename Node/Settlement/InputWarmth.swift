package import Chain
internal import ContractKit
package import DataLake
internal import Dispatch
package import Logging
internal import Primitives
internal import Trading

/// Keeps in memory what the next periods are computed from: members, anchors, readings of the communities whose batches
/// this lake has. So the first period after a start does not wait for a hundred thousand files and records, nor does a
/// partner's request.
///
/// It only reads ahead: whatever is not in memory is read when it is needed.
package actor InputWarmth {
    /// Meters of no known community that one round looks up.
    static let metersMax = 512
    static let communitiesMax = 256

    private struct Known {
        var members: Digest?
        var stamp: InputStamp?
        var periods: [PeriodNumber] = []
    }

    private let partner: String
    private let lake: DataLake
    private let chain: ChainSource
    private let log: Logger
    private var communities: [Address: Known] = [:]

    package init(
        partner: String, lake: DataLake, log: Logger = Logger(label: "settlement"), chain: @escaping ChainSource
    ) {
        self.partner = partner
        self.lake = lake
        self.chain = chain
        self.log = log
    }

    /// Reads what is new, on a thread of its own; the communities that it knows.
    @discardableResult
    package func round() async throws -> [Address] {
        let chain = try chain()
        let known = Array(communities.keys)
        for address in try await InputWarmth.aside({ [lake, partner] in
            try InputWarmth.find(beside: known, lake, chain, partner)
        }) where communities.count < InputWarmth.communitiesMax {
            communities[address] = communities[address] ?? Known()
        }
        let stamp = try lake.inputStamp(chain)
        for (address, known) in communities.sorted(by: { $0.key < $1.key }) {
            guard let view = try chain.community(address), chain.mayHold(view, partner: partner) else {
                communities[address] = nil
                continue
            }
            var now = Known(members: view.head.members, stamp: stamp, periods: InputWarmth.periods(view, chain))
            // Whoever admits members one after the other is not followed step by step.
            guard known.members == now.members else {
                communities[address] = Known(members: now.members)
                continue
            }
            if known.stamp == now.stamp, known.periods == now.periods { continue }
            let periods = now.periods
            try await InputWarmth.aside { [lake] in InputWarmth.warm(address, periods, lake, chain) }
            now.stamp = try lake.inputStamp(chain)
            communities[address] = now
        }
        return communities.keys.sorted()
    }

    /// The last period that is over, and the last one of the day before: readings come within the hour or the day after.
    private static func periods(_ view: CommunityView, _ chain: ChainView) -> [PeriodNumber] {
        let day = chain.time.value / 86_400_000 * 86_400_000
        return [day, chain.time.value].compactMap { time in
            view.rules.period.period(at: Timestamp(time)).value.subtractingReportingOverflow(1)
        }.filter { !$0.overflow }.map { PeriodNumber($0.partialValue) }
    }

    private static func warm(_ address: Address, _ periods: [PeriodNumber], _ lake: DataLake, _ chain: ChainView) {
        for period in periods { _ = try? InputSelection(community: address, period: period, lake: lake, chain: chain) }
        _ = try? lake.secrets.salts(of: [], in: address, period: PeriodNumber(0), version: 0)
    }

    /// Communities of meters with batches of today or yesterday that belong to none of the known ones; and those whose keys
    /// are here.
    private static func find(
        beside known: [Address], _ lake: DataLake, _ chain: ChainView, _ partner: String
    ) throws -> [Address] {
        var found = Set(try lake.secrets.communities())
        let day = chain.time.value / 86_400_000 * 86_400_000
        var meters: Set<MeterNumber> = []
        for start in [day - min(day, 86_400_000), day] {
            meters.formUnion(try lake.meters(from: Timestamp(start), to: Timestamp(start + 86_400_000)))
        }
        for address in known {
            guard let view = try chain.community(address) else { continue }
            meters.subtract(try chain.knownMeters(of: view))
        }
        for meter in meters.shuffled().prefix(metersMax) {
            if let community = try chain.meter(meter)?.community { found.insert(community) }
        }
        return found.sorted()
    }

    private static func aside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { continuation.resume(with: Result { try body() }) }
        }
    }
}
