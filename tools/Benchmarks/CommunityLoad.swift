internal import Anchors
internal import Chain
internal import ContractHost
internal import ContractKit
internal import DataLake
internal import Dispatch
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
internal import Trading

/// A community of many members with one meter each: what a settlement needs, on the chain and in the lakes.
struct CommunityLoad: Sendable {
    static let administrator = "coop"
    static let gridOperator = "gridco"
    static let dataSet = "meter-readings"

    let members: Int
    let hours: Int
    /// First of the hours that have readings.
    let first: PeriodNumber

    let rules = CommunityRules(
        name: "Bench", currency: "EUR", period: .minutes60,
        priceRule: .communityTariffs(
            PriceSchedule(base: PricePair(consumption: 180_000, production: 160_000))),
        gridTariff: Tariff(base: PricePair(consumption: 250_000, production: 80_000)),
        clock: LocalClock(spans: [LocalClock.Span(from: Timestamp(0), offsetMinutes: 60)]),
        listsBatches: false, attestation: AttestationPolicy(attesters: [], threshold: 3))

    init(members: Int, hours: Int) {
        self.members = members
        self.hours = hours
        // Whole days, all of them over.
        let now = Timestamp.wallClock.value
        first = Resolution.minutes60.period(at: Timestamp(now / 86_400_000 * 86_400_000 - 86_400_000))
    }

    private func draw(_ what: String, _ index: Int) -> Digest { SHA256.hash(Array("bench/\(what)/\(index)".utf8)) }
    func meter(_ index: Int) -> MeterNumber { MeterNumber(UInt64(1_000_000 + index)) }
    func memberKey(_ index: Int) -> Secp256k1.SecretKey? { Secp256k1.SecretKey(draw("member", index).bytes) }
    func saltKey(_ member: MemberNumber) -> Digest { draw("salt", Int(member.value)) }

    // MARK: Readings

    /// Load of every home and production of every third, hour by hour.
    func batch(_ index: Int) -> ReadingBatch {
        var readings: [Reading] = []
        let noise = draw("reading", index).bytes
        for hour in 0..<hours {
            guard let start = Resolution.minutes60.start(of: first.advanced(by: UInt64(hour))) else { continue }
            func add(_ direction: Direction, _ energy: Int) {
                readings.append(
                    Reading(
                        start: start, direction: direction, energy: Energy(energy), quality: .asProvided, revision: 0,
                        receivedAt: start.adding(milliseconds: 7_200_000)))
            }
            add(.load, 200 + Int(noise[hour % 32]) * 5)
            if index % 3 == 0 { add(.production, Int(noise[(hour + 7) % 32]) * 20) }
        }
        return ReadingBatch(
            salt: draw("batch", index), meter: meter(index), resolution: .minutes60, readings: readings)
    }

    /// Puts all readings into the lakes of all partners, in parts so that memory stays small; gives what to anchor.
    func fill(_ folders: [String]) throws -> [NewBatch] {
        let lakes = try folders.map { try DataLake(folder: URL(filePath: $0 + "/data/lake")) }
        var anchors: [NewBatch] = []
        for start in stride(from: 0, to: members, by: 8_192) {
            let count = min(8_192, members - start)
            let slots = Slots<(batch: NewBatch, bytes: [UInt8])>(count)
            DispatchQueue.concurrentPerform(iterations: count) { offset in
                let batch = batch(start + offset)
                let bytes = batch.bcs
                guard let span = batch.span else { return }
                let anchor = NewBatch(
                    digest: SHA256.hash(bytes), root: batch.root, count: UInt32(clamping: batch.readings.count),
                    from: span.from, to: span.to, supersedes: nil)
                slots.set(offset, (anchor, bytes))
            }
            let made = slots.values
            for lake in lakes { try lake.store(all: made.map(\.bytes)) }
            anchors += made.map(\.batch)
        }
        return anchors
    }

    // MARK: The chain

    func registrations() -> [Call] {
        (0..<members).compactMap { index in
            memberKey(index).map { key in
                Identity.registerMeter.call(
                    on: WellKnown.identity,
                    RegisterMeter(
                        meter: meter(index).value, gridOperator: CommunityLoad.gridOperator,
                        dataProvider: CommunityLoad.administrator, holder: Consent.holder(key.publicKey)))
            }
        }
    }

    func admissions(to community: Address, network: Digest) -> [Call] {
        let slots = Slots<Call>(members)
        DispatchQueue.concurrentPerform(iterations: members) { index in
            guard let key = memberKey(index) else { return }
            let terms = MembershipTerms(meters: [meter(index)], from: first)
            let credential = draw("credential", index)
            let digest = terms.signingDigest(
                network: network, community: community, credential: credential,
                attesters: rules.attestation.attesters)
            let consent = Consent(
                credential: credential, key: key.publicKey, attesters: rules.attestation.attesters,
                signature: key.sign(digest))
            slots.set(index, Community.admit.call(on: community, Admission(terms: terms, consent: consent)))
        }
        return slots.values
    }

    func anchoring(_ anchors: [NewBatch]) -> [Call] {
        stride(from: 0, to: anchors.count, by: AppendBatches.batchesMax).map { start in
            Anchors.append.call(
                on: WellKnown.anchors,
                AppendBatches(
                    dataSet: CommunityLoad.dataSet,
                    batches: Array(anchors[start..<min(start + AppendBatches.batchesMax, anchors.count)])))
        }
    }
}
