import Chain
import ContractKit
import OperatorFiles
import Primitives
import Replica
import Testing

@testable import NodeClient
@testable import Wiring
@testable import commonwatt

/// The number or name of a refusal reaches whoever asked.
struct RefusalTests {
    @Test func everyRefusalOfThePoolThatStandsHasItsNumber() {
        let time = Timestamp(7)
        let refusals: [(TransactionRefusal, UInt16)] = [
            (.otherNetwork, 1), (.expired(expiry: time, now: time), 2), (.expiryTooFar(expiry: time, latest: time), 2),
            (.badSignature, 80), (.tooLarge(bytesMax: 1), 81), (.signedOtherwise(.zero), 82), (.included, 82),
            (.notAdmitted(Rejection(4, "quota")), 4),
        ]
        for (refusal, code) in refusals {
            guard case .refused(let rejection) = Submission(refusal) else {
                Issue.record("\(refusal) is not refused")
                continue
            }
            #expect(rejection.code == code)
        }
        #expect(Submission(.pending) == .alreadyPending)
        #expect(Submission(.poolFull) == .poolFull(retryAfterSeconds: 1))
        let host = HostRejection.all.map(\.code) + [HostRejection.localFailure.code]
        for code in [
            PoolRejection.malformed, PoolRejection.badSignature, PoolRejection.tooLarge, PoolRejection.signedOtherwise,
        ] {
            #expect(code < 100 && !host.contains(code), "the host has \(code)")
        }
    }

    private func report(_ body: String) -> ProblemReport {
        ProblemReport(node: "http://n", status: 422, retryAfter: nil, body: Array(body.utf8))
    }

    @Test func aFailureHasTheNumberOrNameOfARefusal() {
        let refused = Failure(ChainRefusal(what: "paying", rejection: Rejection(303, "too poor")))
        #expect(refused.exitCode == 1 && refused.rejection == 303)
        #expect(refused.error == "The chain refused paying: too poor (rejection 303).")
        let problem = ClientError.problem(report(#"{"title":"Refused","detail":"no role","code":28,"reason":"why"}"#))
        #expect(Failure(problem).rejection == 28 && Failure(problem).reason == "why")
        #expect("\(problem)" == "http://n: no role (rejection 28) (422 Refused)")
        let plain = Failure(UserError("no such file"))
        #expect(plain.exitCode == 1 && plain.rejection == nil && plain.reason == nil && plain.error == "no such file")
    }

    /// Sent again, it may be done twice: a program must be able to tell this from a failure.
    @Test func anUnknownOutcomeHasAnExitCodeOfItsOwn() {
        let unknown = Failure(OutcomeUnknown(digest: .zero, expiry: Timestamp(7), why: "no node answered"))
        #expect(unknown.exitCode == 4 && unknown.transaction == Digest.zero.description && unknown.rejection == nil)
        let expired = Failure(TransactionExpired(digest: .zero, expiry: Timestamp(7)))
        #expect(expired.exitCode == 1 && expired.transaction == Digest.zero.description)
    }
}
