internal import Chain
package import Primitives

/// Outcomes of a batch, in the order of its transactions.
package struct SubmissionOutcomes: Hashable, Sendable {
    package static let countMax = 65_536
    package let submissions: [Submission]
    package init(_ submissions: [Submission]) { self.submissions = submissions }
}

extension SubmissionOutcomes: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) { encoder.vector(submissions) }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        submissions = try decoder.vector(max: SubmissionOutcomes.countMax)
    }
}

extension Submission: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .accepted: encoder.uleb(0)
        case .alreadyPending: encoder.uleb(1)
        case .alreadyFinal: encoder.uleb(2)
        case .refused(let rejection):
            encoder.uleb(3)
            encoder.value(rejection)
        case .poolFull(let seconds):
            encoder.uleb(4)
            encoder.u32(seconds)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let tag = try decoder.uleb()
        switch tag {
        case 0: self = .accepted
        case 1: self = .alreadyPending
        case 2: self = .alreadyFinal
        case 3: self = .refused(try Rejection(from: &decoder))
        case 4: self = .poolFull(retryAfterSeconds: try decoder.u32())
        default: throw decoder.failure(.unknownTag(tag))
        }
    }
}
