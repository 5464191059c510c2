internal import Chain
internal import NodeClient
internal import Primitives

/// How a command ends that failed, for whoever runs it from a program.
struct Failure: Encodable {
    /// Exit code of a command that failed. Codes 2 and 3 mean what the command's own help says.
    static let failed: Int32 = 1
    /// Exit code when nobody can say whether a transaction took effect.
    static let outcomeUnknown: Int32 = 4

    /// What people read after "Error: ".
    let error: String
    let exitCode: Int32
    /// Number of the rejection by a contract or the host.
    let rejection: UInt16?
    /// Short name of why a node refused, where it gave one.
    let reason: String?
    /// Digest of the transaction whose outcome is unknown, or that expired.
    let transaction: String?

    init(_ error: any Error) {
        self.error = "\(error)"
        exitCode = error is OutcomeUnknown ? Failure.outcomeUnknown : Failure.failed
        switch error {
        case let refusal as ChainRefusal:
            (rejection, reason, transaction) = (refusal.rejection.code, nil, nil)
        case ClientError.problem(let report):
            (rejection, reason, transaction) = (report.code, report.reason, nil)
        case let unknown as OutcomeUnknown:
            (rejection, reason, transaction) = (nil, nil, unknown.digest.description)
        case let expired as TransactionExpired:
            (rejection, reason, transaction) = (nil, nil, expired.digest.description)
        default:
            (rejection, reason, transaction) = (nil, nil, nil)
        }
    }
}
