internal import ArgumentParser
internal import Chain
internal import Foundation
internal import Primitives
internal import Resolver

/// Options of commands that read the registry.
struct ResolveOptions: ParsableArguments {
    @Flag(help: "Verify the answer with the genesis file: no node is trusted then.")
    var verify = false
    @Option(help: "The genesis file of the network (for --verify).") var genesis: String?
    @Option(help: "Oldest state to believe, in seconds.") var maxAge: UInt64 = 60
    @OptionGroup var nodes: NodeOptions

    /// Nil: on the node's word.
    func trusted() throws -> String? {
        guard verify else { return nil }
        guard let genesis else { throw UserError("--verify needs --genesis: the file that all trust rests on.") }
        return genesis
    }

    func resolve(
        _ target: String, _ selection: VersionSelection = .latest
    ) async throws -> (content: [UInt8], resolution: VerifiedResolution?) {
        do {
            return try await RegistryReading.resolve(
                target, selection, nodes: nodes.addresses, genesis: try trusted(), ageSeconds: maxAge)
        } catch let refusal as ResolutionRefusal {
            throw UserError("NOT to be believed: \(refusal).")
        }
    }

    /// Prints the object that a DID URL leads to.
    func show(_ id: String) async throws { print(RegistryReading.pretty(try await resolve(id).content)) }
}

struct DIDResolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Resolve a DID, or the DID URL of an object.",
        discussion:
            "With --verify exit code 0 means that the answer was proved from the genesis; 1 that the node lied or failed."
    )
    @Argument(help: "DID or DID URL.") var target: String
    @Option(help: "Version number.") var versionId: UInt32?
    @Option(help: "Time, e.g. 2026-01-31T12:00:00Z: the version of then.") var versionTime: String?
    @OptionGroup var options: ResolveOptions
    @OptionGroup var output: OutputOptions

    struct Outcome: Encodable {
        let status: String
        let verified: Bool
        let versionId: UInt32?
        let latestVersionId: UInt32?
        let height: UInt64?
        let time: String?
        let content: String
    }

    func selection() throws -> VersionSelection {
        if let versionId { return .number(versionId) }
        guard let versionTime else { return .latest }
        guard let time = DateTime.end(of: versionTime) else { throw UserError("'\(versionTime)' is no time in UTC.") }
        return .time(time)
    }

    func run() async throws {
        let (content, resolution) = try await options.resolve(target, try selection())
        let status =
            switch resolution?.outcome {
            case nil: "unverified"
            case .content?: "found"
            case .deactivated?: "deactivated"
            case .absent?: "absent"
            }
        let outcome = Outcome(
            status: status, verified: resolution != nil, versionId: resolution?.version,
            latestVersionId: resolution?.latest, height: resolution?.header.height.value,
            time: resolution.map { DateTime.text($0.header.time) }, content: String(decoding: content, as: UTF8.self))
        try output.show(outcome) {
            var lines: [String] = content.isEmpty ? [] : [RegistryReading.pretty(content)]
            if let resolution {
                let place = "block \(resolution.header.height) of \(DateTime.text(resolution.header.time))"
                switch resolution.outcome {
                case .content:
                    lines.append("verified: version \(resolution.version) of \(resolution.latest), by \(place)")
                case .deactivated: lines.append("verified: deactivated for ever, by \(place)")
                case .absent: lines.append("verified: there is no such thing, by \(place)")
                }
            }
            return lines.joined(separator: "\n")
        }
    }
}

struct DIDHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "All versions of a DID or object, each verified.")
    @Argument(help: "DID or DID URL.") var target: String
    @OptionGroup var options: ResolveOptions
    @OptionGroup var output: OutputOptions

    struct Version: Encodable {
        let versionId: UInt32
        let status: String
        let content: String
    }

    func run() async throws {
        guard options.verify else { throw UserError("A history is read with proofs: give --verify and --genesis.") }
        let (_, newest) = try await options.resolve(target)
        guard let latest = newest?.latest, latest > 0 else { throw UserError("There is no \(target).") }
        var versions: [Version] = []
        for number in 1...latest {
            let (content, resolution) = try await options.resolve(target, .number(number))
            let isEnd = resolution?.outcome == .deactivated
            versions.append(
                Version(
                    versionId: number, status: isEnd ? "deactivated" : "verified",
                    content: String(decoding: content, as: UTF8.self)))
        }
        try output.show(versions) {
            versions.map { version in
                "version \(version.versionId): \(version.status)\n"
                    + (version.content.isEmpty ? "" : RegistryReading.pretty(Array(version.content.utf8)))
            }.joined(separator: "\n")
        }
    }
}
