package import ContractKit
internal import Primitives

/// The contracts that a release carries, every version of them.
package struct Release: Sendable {
    /// Ascending by name, then version.
    package let contracts: [ContractDefinition]
    private let byName: [String: [ContractDefinition]]

    package init(_ contracts: [ContractDefinition]) {
        let sorted = contracts.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
        self.contracts = sorted
        byName = Dictionary(grouping: sorted, by: \.name)
    }

    package func contract(_ name: String, version: UInt32) -> ContractDefinition? {
        byName[name]?.first { $0.version == version }
    }

    /// The newest version of each contract: what a network that starts with this release runs.
    package var newest: [ContractDefinition] {
        zip(contracts, contracts.dropFirst().map(Optional.some) + [nil]).compactMap { contract, next in
            next?.name == contract.name ? nil : contract
        }
    }
}
