internal import ArgumentParser
internal import Foundation
internal import LedgerCrypto
internal import OperatorFiles
internal import Primitives
internal import Transport

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make and show a node's keys.", subcommands: [New.self, Show.self])

    struct Listing: Encodable {
        let folder: String
        let consensusKey: String
        let operatorKey: String
        let transportKey: String

        init(_ keys: NodeKeys) {
            folder = keys.folder
            consensusKey = keys.consensus.publicKey.description
            operatorKey = keys.operatorKey.publicKey.description
            transportKey = keys.transport.peer.description
        }

        var text: String {
            """
            Keys in \(folder) (public parts):
              consensus  \(consensusKey)
              operator   \(operatorKey)
              transport  \(transportKey)
            """
        }
    }

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make consensus, operator and transport keys in a folder; never overwrites.")
        @Option(help: "Folder for the keys.") var dir = "keys"
        @OptionGroup var output: OutputOptions

        func run() throws {
            let keys = try NodeKeys.create(in: dir)
            try output.show(Listing(keys)) {
                Listing(keys).text
                    + "\nKeep the folder secret and backed up, but never run the consensus key on two machines at once."
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the public parts of the keys in a folder.")
        @Option(help: "Folder of the keys.") var dir = "keys"
        @OptionGroup var output: OutputOptions

        func run() throws {
            let listing = Listing(try NodeKeys.read(dir))
            try output.show(listing) { listing.text }
        }
    }
}
