internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Primitives
internal import Simulator

extension Decoders {
    /// Arguments of every query of every instance that a genesis makes. (Those of calls are in the tests of contracts.)
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
        let instances = [WellKnown.governance, WellKnown.identity, WellKnown.anchors, WellKnown.registry]
        // Texts, numbers and digests, as arguments have them.
        var encoder = BCSEncoder()
        encoder.string(partners[0].id)
        encoder.u64(1)
        let text = encoder.bytes
        let samples = [
            text, Array(text.prefix(1 + partners[0].id.utf8.count)), [UInt8](repeating: 0, count: 8), [],
            run.genesis.network.bytes,
        ]
        return [
            Decoder("contract query arguments", samples) { (bytes) throws(Finding) in
                var taken = false
                for instance in instances {
                    for number in UInt16(1)...4 {
                        let answer = try? ContractSuite.application.query(
                            instance, number, arguments: bytes, context: context, state: filled)
                        if case .success? = answer { taken = true }
                    }
                }
                return taken
            }
        ]
    }
}
