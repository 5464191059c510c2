internal import ArgumentParser
internal import Chaos
internal import Dispatch
internal import Foundation

@main
struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commonwatt-chaos",
        abstract: "Faults on real processes: four validators in network namespaces, under load, and a checker.",
        discussion: "Ends with exit code 1 when a promise is broken. Needs root.",
        subcommands: [Run.self, Flood.self, Page.self], defaultSubcommand: Run.self)

    struct Page: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make chaos.html anew from a folder's chaos.json.")
        @Argument(help: "Folder with chaos.json.") var folder: String

        func run() throws {
            try Chaos.makePage(in: folder)
            print("Wrote \(folder)/chaos.html.")
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run scenarios and write the report.")

        @Option(help: "Only this scenario or flood; repeat for more.") var only: [String] = []
        @Option(help: "Seed of all random choices.") var seed: UInt64 = 1
        @Option(help: "Factor for how long faults last.") var scale = 1.0
        @Option(help: "Folder for chaos.json and chaos.html.") var out = ".run/chaos"
        @Flag(help: "List the scenarios and what they need.") var list = false

        func validate() throws {
            guard scale > 0, scale <= 100 else { throw ValidationError("--scale is above 0 and at most 100") }
        }

        func run() async throws {
            if list {
                for entry in Chaos.names {
                    print("\(entry.name): \(entry.what)\(entry.lack.map { "\n    cannot run here: \($0)" } ?? "")")
                }
                return
            }
            let sources = Run.cleanUpOnSignals()
            defer { for source in sources { source.cancel() } }
            var options = Chaos.Options()
            (options.only, options.seed, options.scale, options.folder) = (only, seed, scale, out)
            options.command =
                "tools/chaos --seed \(seed) --scale \(scale)" + only.map { " --only \($0)" }.joined()
            let holds = try await Chaos.run(options) { line in
                print(line)
                fflush(nil)
            }
            print("Wrote \(out)/chaos.json and \(out)/chaos.html.")
            if !holds { throw ExitCode(1) }
        }

        /// Ctrl-C leaves no namespace, mount or process behind.
        private static func cleanUpOnSignals() -> [any DispatchSourceSignal] {
            [SIGINT, SIGTERM, SIGHUP].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler {
                    Cleanup.shared.run()
                    Foundation.exit(128 + number)
                }
                source.resume()
                return source
            }
        }
    }

    struct Flood: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The hostile process of a flood; started by `run`.", shouldDisplay: false)

        @Argument(help: "Which flood.") var kind: String
        @Option(help: "Folder of the network.") var folder: String
        @Option(help: "Addresses to flood, host:port.") var target: [String]
        @Option(help: "Own address.") var source: String
        @Option(help: "Seconds.") var seconds: Double
        @Option(help: "Connections worked on at the same time.") var parallel: Int

        func run() async throws {
            print(
                try await Flooder(
                    kind: kind, folder: folder, targets: target, source: source, seconds: seconds,
                    parallel: parallel
                ).run())
        }
    }
}
