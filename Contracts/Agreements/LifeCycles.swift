package import ContractKit

/// Steps of an offer's life.
package enum OfferStep: Hashable, Sendable, CaseIterable {
    /// The last of its copies was countersigned.
    case takeLast
    case withdraw
}

extension OfferState {
    /// Where a step leads; nil when it is forbidden.
    package func after(_ step: OfferStep) -> OfferState? {
        guard self == .open else { return nil }
        return switch step {
        case .takeLast: .taken
        case .withdraw: .withdrawn
        }
    }
}

/// Steps of an agreement's life.
package enum AgreementStep: Hashable, Sendable, CaseIterable {
    case giveNotice
    case terminate
    case expire
    case revoke
}

extension AgreementState {
    /// Where a step leads; nil when it is forbidden.
    package func after(_ step: AgreementStep) -> AgreementState? {
        switch (self, step) {
        case (.running, .giveNotice): .noticed
        case (.running, .terminate), (.noticed, .terminate): .terminated
        case (.running, .expire): .expired
        case (.running, .revoke), (.noticed, .revoke): .revoked
        default: nil
        }
    }
}
