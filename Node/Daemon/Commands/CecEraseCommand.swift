internal import ArgumentParser
internal import Foundation
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading
internal import Wiring

extension CecCommand {
    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erase a member's readings once no period can be corrected with them.",
            discussion: """
                Declares the batches deleted on chain and erases them from the own node's lake; what was handed in and never \
                anchored is removed there without. Other partners of the policy run `cec erase --follow` at their nodes, \
                which erases whatever the chain says is deleted. Anchors, roots and proofs stay: statements that were made \
                before, and everybody else's, verify as before. --forget also destroys a former member's key, salts and \
                lines, after which nobody can tell what its leaves say.
                """)
        @Option(help: "Number of the member.") var member: UInt32?
        @Flag(help: "Destroy the key, the salts and the lines of a former member, too.") var forget = false
        @Flag(help: "Only erase at the own node what the chain says is deleted.") var follow = false
        @Flag(help: "Only say what would be erased.") var check = false
        @Option(help: "Reason code for the tombstones.") var reason: UInt16 = 1
        @OptionGroup var office: Office

        struct Outcome: Encodable {
            let erasable: Int
            let kept: [String]
            let erased: Int
            let isForgotten: Bool
        }

        func run() async throws {
            let options = self
            let outcome = try await office.opened { office, _, address in
                if options.follow {
                    return Outcome(erasable: 0, kept: [], erased: try await office.erase(), isForgotten: false)
                }
                guard let member = options.member else {
                    throw UserError("Name the member with --member, or use --follow.")
                }
                let plan = try await office.erasable(MemberNumber(member), in: address)
                let batches = plan.batches.compactMap { Digest(hex: $0) }
                var erased = 0
                var left: [(batch: Digest, reason: String)] = []
                if !options.check {
                    left = try await office.bury(batches, reason: options.reason).left
                    erased = try await office.erase(of: MemberNumber(member), in: address, forgets: options.forget)
                }
                let resolution = try await office.rules(of: address).period
                return Outcome(
                    erasable: batches.count + plan.unanchored.count - left.count,
                    kept: plan.kept.map {
                        "batch \($0.batch.prefix(8)): \(PeriodWords.told($0.reason, resolution))"
                    } + left.map { "batch \($0.batch.short): \($0.reason)" },
                    erased: erased, isForgotten: options.forget && !options.check)
            }
            try office.output.show(outcome) {
                ([
                    "\(outcome.erased) batches were erased here; \(outcome.erasable) of the member may go, \(outcome.kept.count) are kept."
                ]
                    + outcome.kept.prefix(20)
                    + (outcome.isForgotten ? ["Key, salts and lines of the member are destroyed."] : []))
                    .joined(separator: "\n")
            }
        }
    }
}
