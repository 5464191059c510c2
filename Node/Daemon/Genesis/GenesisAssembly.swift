internal import Chain
internal import ContractSuite
internal import OperatorFiles
internal import Primitives

/// Makes a genesis of parts. Anyone with the same parts, time and parameters makes the same bytes, so that each partner can
/// make it and compare the network id.
enum GenesisAssembly {
    static func assemble(
        name: String, time: Timestamp, parts: [GenesisPart], parameters: ChainParameters = ChainParameters()
    ) throws -> Genesis {
        guard !parts.isEmpty else { throw UserError("A genesis needs the parts of at least one partner.") }
        for part in parts where part.network != name {
            throw UserError("The part of '\(part.partner)' is for the network '\(part.network)', not '\(name)'.")
        }
        let sorted = parts.sorted { $0.partner.utf8.lexicographicallyPrecedes($1.partner.utf8) }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.partner == right.partner {
            throw UserError("Two parts are of the partner '\(left.partner)'; keep one.")
        }
        let checked = try sorted.map { try $0.checked() }
        let validators: ValidatorSet
        do {
            validators = try ValidatorSet(checked.compactMap(\.validator))
        } catch {
            throw UserError("The parts make no validator set: \(error)")
        }
        let genesis = Genesis(
            name: name, time: time, parameters: parameters, validators: validators,
            application: SuiteGenesis(partners: checked.map(\.partner)).bcs)
        try GenesisFile.checkApplication(genesis)
        return genesis
    }
}
