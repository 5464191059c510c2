package import Chain
internal import ContractKit
package import Foundation
internal import LedgerCrypto
internal import LightClient
package import Primitives
internal import Trading

/// One check of a statement, by name, with what was found.
package struct StatementCheck: Hashable, Sendable {
    package enum Name: String, Hashable, Sendable, CaseIterable {
        /// The file is a statement in its one form, of this network.
        case file = "statement file"
        /// Every proof leads to a block that the validators of the genesis made final.
        case chain = "final on the chain"
        /// The rules are those of the community.
        case rules = "community rules"
        /// The member, its meters and tariff are the community's.
        case member = "membership"
        /// Every period of the span is there: settled, or proved to be open.
        case periods = "all periods"
        /// Every line is in the tree under the root on the chain.
        case lines = "lines on the chain"
        /// The readings are those that were anchored.
        case readings = "anchored readings"
        /// Production and consumption follow from the readings.
        case balances = "balances from readings"
        /// The prices are those of the rules.
        case prices = "prices by the rules"
        /// Every amount is energy times price.
        case amounts = "amounts"
        /// The totals of the statement.
        case sums = "sums"
    }

    package let name: Name
    package let passed: Bool
    /// What was checked, or what is wrong, in words for the member.
    package let detail: String

    static let notReached = "not checked, because an earlier check failed"
    /// Whether the check was made at all.
    package var isReached: Bool { passed || detail != StatementCheck.notReached }
}

/// The outcome of checking a statement.
package struct StatementReport: Sendable {
    /// In the order of `StatementCheck.Name`; checks that rest on a failed one fail with it.
    package let checks: [StatementCheck]
    /// Block time of the state that the statement proves, when its proofs are right.
    package let provedAt: Timestamp?
    /// Height of that block: the statement holds as of it.
    package let height: Height?
    /// Whom and what it is about; nil when a check that this rests on failed.
    package let subject: StatementSubject?

    package var isRight: Bool { checks.count == StatementCheck.Name.allCases.count && checks.allSatisfy(\.passed) }
    package var failures: [StatementCheck] { checks.filter { !$0.passed } }
}

/// Checks a statement offline, with the genesis file and nothing else.
package struct StatementVerifier: Sendable {
    package let genesis: Genesis

    package init(genesis: Genesis) { self.genesis = genesis }

    /// `now` is the verifier's own time: proofs from the future are refused, old ones are not.
    package func verify(_ file: Data, now: Timestamp) -> StatementReport {
        var run = StatementVerification(genesis: genesis, now: now)
        run.verify(file)
        return StatementReport(checks: run.checks, provedAt: run.provedAt, height: run.height, subject: run.subject)
    }
}
