internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import Governance
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives

struct GovRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Replace the keys of the own validator by those of another folder.",
        discussion: """
            Signs with the partner's operator key, which stays the same: it is copied into the new folder. Destroy the old \
            consensus and transport keys once the node runs with the new ones: whoever holds enough retired keys of one epoch \
            could show a new client another history.
            """)
    @Option(help: "Identifier of the own partner.") var partner: String
    @Option(help: "Folder of the new keys.") var newKeys: String
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let signer = try connection.signer()
        let claim = try await GovClaimCommand.claim(of: partner, keys: newKeys, connection)
        let call = Governance.rotateValidator.call(on: WellKnown.governance, claim)
        let result = try await connection.nodes.with {
            try await ChainSession($0, signer).run([call], doing: "rotating the validator's keys")
        }
        let kept = keepOperatorKey(signer)
        let message = """
            The validator of \(partner) has its new keys from the epoch after block \(result.height) on. The old node follows \
            from now, at most, and votes no more. Now:
              1. Stop the old node.
              2. \(kept)
              3. In the settings: 'keys' is \(newKeys), 'data' a new folder. A journal belongs to the keys that voted; the chain
                 comes back from the peers. If this node keeps readings, copy the folder lake of the old data folder there.
              4. commonwatt genesis prepare --config FILE     (these keys never voted)
              5. commonwatt node --config FILE
              6. When `commonwatt status` says that it is in step, destroy the old consensus.key and transport.pem.
            """
        try output.show(GovCommand.Done(height: result.height.value, message: message)) { message }
    }

    /// Puts the signer's key into the new folder in place of the unregistered one that `keys new` made there. Says what was
    /// done, or what remains to do; the rotation itself is final by now.
    private func keepOperatorKey(_ signer: Sender) -> String {
        let place = newKeys + "/operator.key"
        let unused = newKeys + "/operator.key.unused"
        let source = connection.keyFile ?? "the old operator.key"
        do {
            if try KeyFile.read(place).publicKey == signer.key.publicKey {
                return "\(place) is the partner's operator key already."
            }
            guard !FileManager.default.fileExists(atPath: unused), let path = connection.keyFile,
                let content = FileManager.default.contents(atPath: path)
            else { throw UserError("\(unused) is in the way") }
            try FileManager.default.moveItem(atPath: place, toPath: unused)
            try KeyFile.write(content, to: place)
            return
                "\(place) is now the partner's operator key; the one that `keys new` made is \(unused), which nobody knows: delete it."
        } catch {
            return "Copy \(source) to \(place), mode 0600 (that could not be done here: \(error))."
        }
    }
}
