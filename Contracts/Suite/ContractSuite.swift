internal import Accounts
internal import Agreements
internal import Anchors
internal import Billing
internal import Chain
package import ContractHost
internal import ContractKit
internal import Governance
internal import Identity
package import Primitives
internal import Results
internal import Trading

/// The one list of the contracts that this release carries, and the application made of them.
package enum ContractSuite {
    /// Every version of every contract, with the digest of its sources.
    package static let release = Release([
        ContractDefinition(Accounts.self, sources: sources(of: "Accounts")),
        ContractDefinition(Agreements.self, sources: sources(of: "Agreements")),
        ContractDefinition(Anchors.self, sources: sources(of: "Anchors")),
        ContractDefinition(Billing.self, sources: sources(of: "Billing")),
        ContractDefinition(Governance.self, sources: sources(of: "Governance")),
        ContractDefinition(Identity.self, sources: sources(of: "Identity")),
        ContractDefinition(Registry.self, sources: sources(of: "Anchors")),
        ContractDefinition(Results.self, sources: sources(of: "Results")),
        ContractDefinition(Community.self, sources: sources(of: "Trading")),
    ])

    /// What a node runs.
    package static let application = ContractApplication(release: release) { (genesis) throws(Rejection) in
        let suite: SuiteGenesis
        do throws(BCSError) {
            suite = try SuiteGenesis(bcs: genesis.application)
        } catch {
            throw HostRejection.malformedArguments("the genesis' application part: \(error.description)")
        }
        return GenesisPlan(
            versions: suite.contracts,
            instances: [
                GenesisInstance(
                    WellKnown.governance, Governance.name,
                    arguments: GovernanceGenesis(partners: suite.partners, parameters: suite.parameters).bcs),
                GenesisInstance(
                    WellKnown.identity, Identity.name,
                    arguments: IdentityGenesis(network: genesis.name, meters: suite.meters).bcs),
                GenesisInstance(WellKnown.anchors, Anchors.name),
                GenesisInstance(WellKnown.registry, Registry.name),
            ] + later(of: suite))
    }

    /// A genesis that was written before these contracts names no version of them, and goes on without.
    private static func later(of suite: SuiteGenesis) -> [GenesisInstance] {
        let all = [
            GenesisInstance(WellKnown.accounts, Accounts.name), GenesisInstance(WellKnown.agreements, Agreements.name),
            GenesisInstance(WellKnown.billing, Billing.name), GenesisInstance(WellKnown.results, Results.name),
        ]
        return all.filter { instance in suite.contracts.contains { $0.name == instance.contract } }
    }

    /// Digest of the sources in `Contracts/<folder>` at the time of the release.
    package static func sources(of folder: String) -> Digest {
        SourceDigests.byFolder.first { $0.folder == folder }.flatMap { Digest(hex: $0.digest) } ?? .zero
    }

    /// Digest of the sources that decide with the contracts what a block results in: the host, what contracts are made of,
    /// and the parts of the ledger that execution rests on.
    package static let rules = Digest(hex: SourceDigests.rules) ?? .zero
    package static var rulesFolders: [String] { SourceDigests.rulesFolders }

    /// The folders that have a digest, with it.
    package static var sourceDigests: [(folder: String, digest: String)] { SourceDigests.byFolder }
}
