internal import ArgumentParser
internal import Chain
internal import Foundation
internal import Identity
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Resolver

/// Options of commands that read the registry.
struct ResolveOptions: ParsableArguments {
    @Flag(help: "Verify the answer with the genesis file: no node is trusted then.")
    var verify = false
    @Option(help: "Oldest state to believe, in seconds.") var maxAge: UInt64 = 60
    @OptionGroup var nodes: NodeOptions

    /// Nil: on the node's word.
    func trusted() throws -> Trust? {
        guard verify else { return nil }
        guard let trust = try nodes.trust.trust() else {
            throw UserError("--verify needs --genesis: the file that all trust rests on.")
        }
        return trust
    }

    func resolve(
        _ target: String, _ selection: VersionSelection = .latest
    ) async throws -> (content: [UInt8], resolution: VerifiedResolution?) {
        do {
            return try await RegistryReading.resolve(
                target, selection, nodes, try trusted(), ageSeconds: maxAge)
        } catch let refusal as ResolutionRefusal {
            throw UserError("NOT to be believed: \(refusal).")
        }
    }

    /// Prints the object that a DID URL leads to: its content alone, as JSON. The proof of an answer that is not verified
    /// is for programs, which ask the node for it.
    func show(_ id: String) async throws {
        try ResolveOptions.checkForm(id)
        let (content, resolution) = try await resolve(id)
        if let resolution {
            switch resolution.outcome {
            case .content: return print(RegistryReading.pretty(content))
            case .deactivated:
                remark("verified: deactivated for ever")
                throw ExitCode(3)
            case .absent:
                remark("verified: there is no such thing")
                throw ExitCode(2)
            }
        }
        let answer = UnverifiedAnswer(content)
        if let words = answer.remark { remark(words) }
        guard answer.exitCode == 0 else { throw ExitCode(answer.exitCode) }
        let shown =
            (try? JSONValue(parsing: content))?["content"] ?? (try? JSONValue(parsing: content))?["contentStream"]
        print(shown.map { String(decoding: $0.pretty, as: UTF8.self) } ?? RegistryReading.pretty(content))
    }

    private func remark(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    /// Refuses what is no DID at all before a node is asked.
    static func checkForm(_ target: String) throws {
        let parts = target.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "did", !parts[1].isEmpty, !parts[2].isEmpty else {
            throw UserError("'\(target)' is no DID or DID URL: write it as did:cwatt:….")
        }
        // Of this method the whole form is known.
        let did = String(target.prefix { !"/?#".contains($0) })
        guard parts[1] != "cwatt" || DID(did) != nil else {
            throw UserError("'\(did)' is no DID of this method: it is mistyped, or cut short.")
        }
    }
}

struct DIDResolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Resolve a DID, or the DID URL of an object.",
        discussion: """
            Exit code 0: here it is; 1: the node lied or failed, or the answer is an error; 2: there is no such thing; 3: it is \
            deactivated. With --verify, 0, 2 and 3 are proved from the genesis. Remarks go to standard error.
            """)
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
        try ResolveOptions.checkForm(target)
        let (content, resolution) = try await options.resolve(target, try selection())
        let problem = resolution == nil ? UnverifiedAnswer(content) : nil
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
            content.isEmpty ? nil : RegistryReading.pretty(content)
        }
        if !output.json, let remark = remark(resolution) ?? problem?.remark { output.progress(remark) }
        switch (resolution?.outcome, problem) {
        case (.absent?, _): throw ExitCode(2)
        case (.deactivated?, _): throw ExitCode(3)
        case (_, let problem?): if problem.exitCode != 0 { throw ExitCode(problem.exitCode) }
        default: break
        }
    }

    private func remark(_ resolution: VerifiedResolution?) -> String? {
        guard let resolution else { return nil }
        let place = "block \(resolution.header.height) of \(DateTime.text(resolution.header.time))"
        switch resolution.outcome {
        case .content: return "verified: version \(resolution.version) of \(resolution.latest), by \(place)"
        case .deactivated: return "verified: deactivated for ever, by \(place)"
        case .absent: return "verified: there is no such thing, by \(place)"
        }
    }
}

/// What an answer on the node's word says, by the JSON of W3C DID Resolution.
struct UnverifiedAnswer {
    let exitCode: Int32
    let remark: String?

    init(_ content: [UInt8]) {
        guard let json = try? JSONValue(parsing: content) else {
            (exitCode, remark) = (1, "The answer is no JSON: this is no node's API, or it failed.")
            return
        }
        let metadata = json["didResolutionMetadata"] ?? json["dereferencingMetadata"]
        let document = json["didDocumentMetadata"] ?? json["contentMetadata"]
        let error = metadata?["error"] ?? json["error"]
        let kind = error?["type"]?.text ?? error?.text
        if document?["deactivated"] == .bool(true) || kind?.lowercased().hasSuffix("deactivated") == true {
            (exitCode, remark) = (3, "It is deactivated, on the node's word.")
        } else if let kind {
            let isAbsent = kind.lowercased().replacingOccurrences(of: "_", with: "").hasSuffix("notfound")
            (exitCode, remark) =
                isAbsent ? (2, "There is no such thing, on the node's word.") : (1, "The node: \(kind).")
        } else {
            (exitCode, remark) = (0, nil)
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
