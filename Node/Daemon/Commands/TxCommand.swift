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
            let outcome = try await connection.nodes.with { client in
                let session = try await ChainSession(client, key)
                let transaction = try session.transaction([Call(instance: address, method: method, arguments: bytes)])
                let result = try await session.finish(transaction)
                return Outcome(transaction.digest, .final(result), session.start == nil ? .word(nil) : .proved)
            }
            try output.show(outcome) { outcome.text }
            if outcome.state == "rejected" { throw ExitCode(1) }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Where a transaction is.",
            discussion: """
                Exit code 0 when it is final, 2 when it is pending, expired or unknown. With --genesis (or --trusted) final is \
                proved, and with --expires, too, so is expired: the blocks that could hold it are read and do not, and later \
                ones take it no more. Without a genesis file final and pending are the node's word, and nothing is told to have \
                expired: no node that does not know a transaction can tell whether another one has it.
                """)
        @Argument(help: "Digest of the transaction.") var digest: String
        @Option(help: "Seconds to wait for finality.") var wait: UInt32 = 0
        @Option(help: "When it expires, UTC, exactly as the command that sent it said.") var expires: String?
        @OptionGroup var nodes: NodeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let expiry = try expires.map(TimeArgument.parse)
            guard let name = Digest(hex: digest) else {
                throw UserError("'\(digest)' is no digest (64 hexadecimal digits).")
            }
            let outcome = try await nodes.with { client in
                let status = try await client.status(of: name, waitSeconds: wait)
                guard client.anchor != nil else { return Outcome(name, status, .word(expiry)) }
                return try await proved(name, status, expiry, client)
            }
            try output.show(outcome) { outcome.text }
            if outcome.height == nil { throw ExitCode(2) }
        }

        /// What can be proved of a transaction, whatever a node said of it.
        private func proved(
            _ name: Digest, _ status: TransactionStatus, _ expiry: Timestamp?, _ client: NodeClient
        ) async throws -> Outcome {
            do {
                if case .final = status {
                    do {
                        return Outcome(name, .final(try await client.provedReceipt(of: name).result), .proved)
                    } catch let error as ClientError {
                        // Of an epoch before the kept state's it is proved by the blocks after it, where the expiry says which.
                        guard expiry != nil else { throw error }
                    }
                }
                guard let expiry else { return Outcome(name, status, .word(nil)) }
                switch try await client.provedOutcome(of: name, expiry: expiry) {
                case .included(let proven): return Outcome(name, .final(proven.result), .proved)
                case .absent(let header): return Outcome(name, status, .expired(expiry, header))
                case .open(let time): return Outcome(name, status, .open(expiry, time))
                }
            } catch let error as ClientError {
                guard let expiry else { throw error }
                throw OutcomeUnknown(digest: name, expiry: expiry, why: "\(error)")
            }
        }
    }
}
