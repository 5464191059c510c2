internal import Chain
internal import ContractKit
internal import NodeClient
internal import Replica

extension Submission {
    /// What the pool's refusal is to whoever submits: every one that stands has a number.
    init(_ refusal: TransactionRefusal) {
        func refused(_ code: UInt16) -> Submission { .refused(Rejection(code, refusal.description)) }
        self =
            switch refusal {
            case .pending: .alreadyPending
            case .poolFull, .senderQuota, .unavailable: .poolFull(retryAfterSeconds: 1)
            case .notAdmitted(let rejection): .refused(rejection)
            case .otherNetwork: refused(HostRejection.wrongNetwork.code)
            case .expired, .expiryTooFar: refused(HostRejection.expired.code)
            case .badSignature: refused(PoolRejection.badSignature)
            case .tooLarge: refused(PoolRejection.tooLarge)
            // Whoever sent these very bytes is told that they are final before it comes to this.
            case .signedOtherwise, .included: refused(PoolRejection.signedOtherwise)
            }
    }
}
