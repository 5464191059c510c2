internal import ArgumentParser
internal import Chain
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives

struct TxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tx", abstract: "Send any call to any contract, and follow transactions.",
        subcommands: [Send.self, Status.self])

    struct Outcome: Encodable {
        let transaction: String
        let state: String
        let height: UInt64?
        let rejectionCode: UInt16?
        let rejection: String?
        let workUsed: UInt64?
        let events: Int?
        let outputs: [String]?

        init(_ digest: Digest, _ status: TransactionStatus, isExpired: Bool = false) {
            transaction = digest.description
            guard case .final(let result) = status else {
                state = isExpired ? "expired" : status == .pending ? "pending" : "unknown"
                (height, rejectionCode, rejection, workUsed, events, outputs) = (nil, nil, nil, nil, nil, nil)
                return
            }
            state = result.receipt.rejection == nil ? "succeeded" : "rejected"
            height = result.height.value
            rejectionCode = result.receipt.rejection?.code
            rejection = result.receipt.rejection?.text
            workUsed = result.receipt.workUsed
            events = result.receipt.events.count
            outputs = result.receipt.outputs.map { Hex.encode($0) }
        }

        var text: String {
            var lines = [
                "transaction  \(transaction)",
                "state        \(state)" + (height.map { ", final in block \($0)" } ?? ""),
            ]
            if let rejection, let rejectionCode {
                lines.append("reason       \(rejection) (rejection \(rejectionCode))")
            }
            if state == "expired" { lines.append("             It changed nothing and never will.") }
            if state == "unknown" {
                lines.append("             No node that was asked knows it; it may come until it expires (--expires).")
            }
            if let workUsed, let events { lines.append("work         \(workUsed) units, \(events) events") }
            if let outputs, !outputs.isEmpty { lines.append("outputs      \(outputs.joined(separator: ", "))") }
            return lines.joined(separator: "\n")
        }
    }

    struct Send: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign and submit one call, and wait until it is final.",
            discussion: "Numbers and argument types of a contract's calls: GET /v1/contracts on any node.")
        @Option(help: "Instance: a well-known name such as governance, or 40 hexadecimal digits.") var instance: String
        @Option(help: "Number of the method.") var method: UInt16
        @Option(help: "BCS arguments in hexadecimal digits.") var arguments = ""
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let address = Address(text: instance) else { throw UserError("'\(instance)' is no instance.") }
            guard let bytes = Hex.decode(arguments) else { throw UserError("--arguments are not hexadecimal digits.") }
            let key = try connection.signer()
            let outcome = try await NodeClient.with(connection.addresses) { client in
                let session = try await ChainSession(client, key)
                let transaction = try session.transaction([Call(instance: address, method: method, arguments: bytes)])
                let result = try await session.finish(transaction)
                return Outcome(transaction.digest, .final(result))
            }
            try output.show(outcome) { outcome.text }
            if outcome.state == "rejected" { throw ExitCode(1) }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Where a transaction is.",
            discussion: """
                Exit code 0 when it is final, 2 when it is pending, expired or unknown. A node that does not know a transaction \
                cannot tell whether it will come; with --expires it can: no block after that time takes it.
                """)
        @Argument(help: "Digest of the transaction.") var digest: String
        @Option(help: "Seconds to wait for finality.") var wait: UInt32 = 0
        @Option(help: "When it expires, UTC, as the command that sent it said.") var expires: String?
        @OptionGroup var nodes: NodeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let expiry = try expires.map(TimeArgument.parse)
            guard let name = Digest(hex: digest) else {
                throw UserError("'\(digest)' is no digest (64 hexadecimal digits).")
            }
            let (status, isExpired) = try await NodeClient.with(nodes.addresses) { client in
                // Read first: what is final until then is in the answer about the transaction.
                let final = try await client.nodeStatus().finalTime
                let status = try await client.status(of: name, waitSeconds: wait)
                return (status, expiry.map { $0 < final } ?? false)
            }
            let outcome = Outcome(name, status, isExpired: isExpired)
            try output.show(outcome) { outcome.text }
            if case .final = status { return }
            throw ExitCode(2)
        }
    }
}
