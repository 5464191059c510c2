internal import ArgumentParser
internal import Chain
internal import Foundation
internal import Governance
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Transport

struct GovClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim", abstract: "Claim a validator's keys, with proof that this partner holds them.",
        discussion: """
            Made where the keys lie; the file holds no secret. A council member then proposes it with \
            `commonwatt gov propose add-validator FILE`.
            """)
    @Option(help: "Identifier of the own partner.") var partner: String
    @Option(help: "Folder of the keys.") var keys = "keys"
    @Option(help: "File to write.") var out = "claim.json"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try NewFile.check(out)
        let file = ClaimFile(try await GovClaimCommand.claim(of: partner, keys: keys, connection))
        try file.write(to: out)
        try output.show(file) { "Wrote \(out). Send it to a council member; it holds no secret." }
    }

    /// The claim of the keys in a folder, for the network of the node that is asked.
    static func claim(of partner: String, keys folder: String, _ connection: ConnectionOptions) async throws
        -> ValidatorClaim
    {
        let keys = try NodeKeys.read(folder)
        let network = try await connection.nodes.with { try await $0.network() }
        return ValidatorClaim(
            network: network, partner: partner, consensusKey: keys.consensus, transportKey: keys.transport.peer)
    }
}

/// A validator's claim as a file.
struct ClaimFile: Codable {
    let partner: String
    let consensusKey: String
    let transportKey: String
    let proof: String

    init(_ claim: ValidatorClaim) {
        partner = claim.validator.partner
        consensusKey = claim.validator.consensusKey.description
        transportKey = claim.validator.transportKey.description
        proof = Hex.encode(claim.proof.bytes)
    }

    /// Form only; the proof is checked by the chain, which knows its network.
    static func read(_ path: String) throws -> ValidatorClaim {
        let file = try JSONFile.read(ClaimFile.self, path, "validator's claim")
        guard let key = PublicKey(file.consensusKey),
            let transport = Digest(hex: file.transportKey), let proof = Hex.decode(file.proof).flatMap(Signature.init)
        else { throw UserError("\(path) is no validator's claim; make it with `commonwatt gov claim`.") }
        return ValidatorClaim(
            validator: Validator(partner: file.partner, consensusKey: key, transportKey: transport), proof: proof)
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try NewFile.write(try encoder.encode(self) + Data("\n".utf8), to: path)
    }
}
