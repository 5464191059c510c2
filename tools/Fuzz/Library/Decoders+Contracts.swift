internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Governance
internal import LedgerCrypto
internal import Primitives
internal import Simulator
internal import Trading

extension Decoders {
    /// The application part of a genesis, the arguments of every call of every contract, and those of every query of
    /// the instances that a genesis makes. (What calls do with arguments that decode is in the tests of contracts.)
    static func contracts(_ run: Recording) -> [Decoder] {
        let partners = (0..<4).map { Identity.member($0) }
        let genesis = Genesis(
            name: "fuzz", time: run.genesis.time, parameters: run.genesis.parameters,
            validators: run.genesis.validators,
            application: SuiteGenesis(partners: partners).bcs)
        guard let changes = try? ContractSuite.application.genesisState(genesis) else { return [] }
        var state = MemoryState()
        state.apply(changes)
        let filled = state
        let context = BlockContext(
            network: genesis.network, height: Height(1), epoch: Epoch(0), time: genesis.time.adding(milliseconds: 1),
            parent: .zero, proposer: 0, validators: genesis.validators, parameters: genesis.parameters)
        let instances = [
            WellKnown.governance, WellKnown.identity, WellKnown.anchors, WellKnown.registry, WellKnown.accounts,
            WellKnown.agreements, WellKnown.billing,
        ]
        // Texts, numbers and digests, as arguments have them.
        var encoder = BCSEncoder()
        encoder.string(partners[0].id)
        encoder.u64(1)
        let text = encoder.bytes
        let samples = [
            text, Array(text.prefix(1 + partners[0].id.utf8.count)), [UInt8](repeating: 0, count: 8), [],
            run.genesis.network.bytes,
        ]
        return calls(partners, context, filled) + [
            application(run, partners),
            Decoder("contract query arguments", samples) { (bytes) throws(Finding) in
                var taken = false
                for instance in instances {
                    for number in UInt16(1)...7 {
                        let answer = try? ContractSuite.application.query(
                            instance, number, arguments: bytes, context: context, state: filled)
                        if case .success? = answer { taken = true }
                    }
                }
                return taken
            },
        ]
    }
    private static func application(_ run: Recording, _ partners: [Partner]) -> Decoder {
        Decoder("genesis of the contracts", [SuiteGenesis(partners: partners).bcs]) { (bytes) throws(Finding) in
            let genesis = Genesis(
                name: "fuzz", time: run.genesis.time, parameters: run.genesis.parameters,
                validators: run.genesis.validators, application: bytes)
            return (try? ContractSuite.application.genesisState(genesis)) != nil
        }
    }

    /// Arguments whose own rules a shape alone does not meet.
    private static var ruled: [String: [UInt8]] {
        let rules = CommunityRules(
            name: "Fuzz", currency: "EUR", period: .minutes60, priceRule: .midMarketRate,
            gridTariff: Tariff(base: PricePair(consumption: 250_000, production: 80_000)))
        let votes = (UInt8(1)...2).map { value in
            Vote(
                signing: VotePayload(
                    network: .zero, epoch: Epoch(0), kind: .notarize, view: View(3), digest: SHA256.hash([value])),
                signer: 1, key: Identity.operatorKey(1))
        }
        let report = Evidence(votes[0], votes[1]).map { EvidenceReport($0).bcs } ?? []
        return [
            "trading.supersede": rules.bcs, "trading.admit": admission.bcs, "trading.amend": amendment.bcs,
            "governance.reportEvidence": report,
        ]
    }

    /// Every part that settings can have: their own rules bind keys, producers and amounts.
    private static let settings = MemberSettings(
        tariff: Tariff(
            base: PricePair(consumption: 250_000, production: 80_000),
            series: SeriesUse(series: 0, surcharge: PricePair(consumption: 90_000, production: 0))),
        key: RateSchedule(500, bands: [RateBand(weekdays: 127, fromMinute: 0, toMinute: 360, value: 9_000)]),
        producerKeys: [ProducerKey(producer: MemberNumber(2), key: RateSchedule(5_000))],
        limits: PriceSchedule(base: PricePair(consumption: 200_000, production: 90_000)),
        preferred: [PreferredPartner(producer: MemberNumber(3), energyMax: 1_000)])

    private static var admission: Admission {
        let key = Identity.operatorKey(0)
        let owners = [PlantTerms.Owner(member: MemberNumber(1), share: 4_000)]
        return Admission(
            terms: MembershipTerms(
                meters: [MeterNumber(7), MeterNumber(8)], settings: settings,
                plant: PlantTerms(agent: "aurora", owners: owners), from: PeriodNumber(400_000)),
            consent: Consent(
                credential: SHA256.hash([1]), key: key.publicKey, attesters: ["aurora"], signature: key.sign(.zero)))
    }

    private static var amendment: Amendment {
        Amendment(
            change: SettingsChange(member: MemberNumber(1), from: PeriodNumber(400_001), settings: settings),
            signature: MemberSignature(signing: SHA256.hash([2]), with: Identity.operatorKey(0)))
    }

    /// Each call as a decoder of its own, over a state that it cannot write: bytes that decode are refused later.
    private static func calls(_ partners: [Partner], _ context: BlockContext, _ state: MemoryState) -> [Decoder] {
        var writer = ShapeWriter(
            generator: SeededRandom(seed: 5), words: partners.map(\.id), keys: partners.flatMap(\.keys))
        return ContractSuite.application.release.contracts.flatMap { contract in
            contract.calls.map { call in
                let name = "\(contract.name).\(call.name)"
                let samples =
                    (0..<24).map { _ in writer.bytes(call.arguments) } + (ruled[name].map { [$0] } ?? [])
                    + (MarketSamples.all[name].map { [$0] } ?? [])
                return Decoder("call \(name)", samples) { (bytes) throws(Finding) in
                    let services = ContractSuite.application.reading(
                        WellKnown.instances, context: context, state: state)
                    do throws(Rejection) {
                        _ = try call.run(services, bytes)
                        return true
                    } catch {
                        return error.code != HostRejection.malformedArguments.code
                    }
                }
            }
        }
    }
}
