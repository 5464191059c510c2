internal import ArgumentParser
internal import OperatorFiles
internal import Wiring

struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "The journal, in which a node writes down its votes before they leave it.",
        subcommands: [Adopt.self])

    struct Adopt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Rely on a journal that was moved to another disk.",
            discussion: """
                A copied journal counts as lost, since the original may have voted on: the node abstains until its peers
                have told it how far. Who has stopped the node, moved its data folder and destroyed the old copy may say so
                here; the node then goes on at once. Never do this with a backup.
                """)

        @Option(help: "Configuration file (YAML) of the node.") var config: String
        @Flag(help: "The old copy of the data folder is destroyed, and no node ran on it since it was copied.")
        var oldCopyIsDestroyed = false
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let settings = try NodeSettings.load(config: config, flags: UserSettings())
            guard oldCopyIsDestroyed else {
                throw UserError(
                    "A journal is adopted only when its old copy can never vote again: destroy that, then give --old-copy-is-destroyed."
                )
            }
            try NodeWiring.adoptMovedJournal(settings)
            try output.show(["journal": settings.data + "/journal"]) {
                "The journal in \(settings.data)/journal is relied on from the next start."
            }
        }
    }
}
