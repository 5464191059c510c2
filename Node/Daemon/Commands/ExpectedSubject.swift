internal import ArgumentParser
internal import Chain
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

/// What a member expects a statement to be about. What is not given is not compared.
struct ExpectedSubject: ParsableArguments {
    @Option(help: "Address of the own community: a statement of another one is not the expected one.")
    var community: String?
    @Option(help: "Partner that runs the own community.") var administrator: String?
    @Option(help: "Partner that provides the readings of the own meters.") var provider: String?

    /// What differs, in words; nil when nothing does.
    func difference(_ subject: StatementSubject) throws -> String? {
        let address = try community.map { try CommunityFile.address($0) }
        return subject.difference(community: address, administrator: administrator, provider: provider)
    }
}

/// Whom a statement is about, for people and as JSON.
struct SubjectWords: Encodable {
    struct MeterWords: Encodable {
        let meter: UInt64
        let providers: [String]
    }
    let community: String
    let name: String
    let administrator: String
    let member: UInt32
    let meters: [MeterWords]

    init(_ subject: StatementSubject) {
        community = subject.community.description
        name = subject.name
        administrator = subject.administrator
        member = subject.member.value
        meters = subject.meters.map { MeterWords(meter: $0.meter.value, providers: $0.providers) }
    }

    var text: String {
        let lines = meters.map { meter in
            let from =
                meter.providers.isEmpty
                ? "no readings used" : "readings from " + meter.providers.joined(separator: ", ")
            return "  meter \(meter.meter): \(from)"
        }
        return (["It is about member \(member) of \(name) (\(community)), which \(administrator) runs:"] + lines)
            .joined(separator: "\n")
    }
}
