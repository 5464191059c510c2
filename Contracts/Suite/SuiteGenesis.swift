internal import Chain
internal import ContractHost
package import ContractKit
package import Primitives

/// The application part of a genesis (`Genesis.application`): the partners with roles and keys, the first parameters,
/// the contract versions that the network starts with, and meters, if any. Validators are those of the genesis itself;
/// each must belong to a partner with the validator role.
package struct SuiteGenesis: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1
    package static let contractsMax = 64
    package static let partnersMax = 4_096
    package static let metersMax = 16_384

    package var partners: [Partner]
    package var parameters: NetworkParameters
    /// Named here, and not taken from the release, so that later releases compute the same genesis state.
    package var contracts: [ContractVersion]
    package var meters: [Meter]

    /// A genesis for the newest versions of this release.
    package init(
        partners: [Partner], parameters: NetworkParameters = NetworkParameters(),
        contracts: [ContractVersion] = ContractSuite.release.newest.map(\.contractVersion), meters: [Meter] = []
    ) {
        self.partners = partners
        self.parameters = parameters
        self.contracts = contracts
        self.meters = meters
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(SuiteGenesis.formatVersion)
        encoder.vector(partners)
        encoder.value(parameters)
        encoder.vector(contracts)
        encoder.vector(meters)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == SuiteGenesis.formatVersion else {
            throw decoder.failure(
                .invalid("the application part has another format version than \(SuiteGenesis.formatVersion)"))
        }
        partners = try decoder.vector(max: SuiteGenesis.partnersMax)
        parameters = try NetworkParameters(from: &decoder)
        contracts = try decoder.vector(max: SuiteGenesis.contractsMax)
        meters = try decoder.vector(max: SuiteGenesis.metersMax)
    }
}
