internal import Chain
package import ContractHost
internal import ContractKit
package import Logging
package import NodeRuntime
internal import Primitives
internal import Replica

/// Lets the nodes of validators to be in, and out again when nothing speaks for them any more, as the chain says it. They
/// are peers like those that the settings name for following: no vote of theirs counts.
package struct Gatekeeper: Sendable {
    private let node: LedgerNode<ContractApplication>
    private let lookMilliseconds: Int
    private let logger: Logger

    package init(node: LedgerNode<ContractApplication>, lookMilliseconds: Int = 1_000, logger: Logger) {
        self.node = node
        self.lookMilliseconds = lookMilliseconds
        self.logger = logger
    }

    /// Works until its task is cancelled.
    package func run() async {
        var claims = ClaimedValidators()
        var seen: Height?
        var admitted: [Validator] = []
        while !Task.isCancelled {
            let view = GovernanceView(node.view, network: node.network)
            if seen != view.height {
                do {
                    let wanted = try claims.validators(view)
                    seen = view.height
                    if wanted != admitted {
                        admit(wanted, before: admitted)
                        admitted = wanted
                    }
                } catch {
                    logger.warning("who is to be let in cannot be read: \(error)")
                }
            }
            do { try await Task.sleep(for: .milliseconds(lookMilliseconds)) } catch { return }
        }
    }

    private func admit(_ wanted: [Validator], before: [Validator]) {
        for validator in wanted where !before.contains(validator) {
            logger.info(
                "lets \(validator.partner) in to follow: a proposal claims transport key \(validator.transportKey) for its validator"
            )
        }
        node.setPeers(
            node.configuration.peers
                + wanted.map {
                    PeerConfiguration(name: $0.partner, peer: $0.transportKey, host: nil, port: 0)
                })
    }
}
