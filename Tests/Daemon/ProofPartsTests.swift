import Chain
import LedgerCrypto
import LightClient
import Primitives
import TestSupport
import Testing

@testable import Wiring

@Suite("Parts of proofs that are kept")
struct ProofPartsTests {
    private static func end(_ epoch: Epoch) throws -> ProofBundle.EpochEnd {
        let secret = try #require(Secp256k1.SecretKey(SHA256.hash([1]).bytes))
        let set = try ValidatorSet([Validator(partner: "aurora", consensusKey: secret.publicKey, transportKey: .zero)])
        let header = BlockHeader(
            network: .zero, height: Height(epoch.value), view: View(0), epoch: epoch, parent: .zero,
            parentView: View(0),
            time: Timestamp(0), proposer: 0, transactionsRoot: .zero, stateRoot: .zero, receiptsRoot: .zero,
            validatorSet: set.digest, nextValidatorSet: .zero)
        return ProofBundle.EpochEnd(
            header: header,
            finalization: Certificate(
                epoch: epoch, kind: .finalize, view: View(0), digest: header.digest, entries: []),
            nextValidators: set)
    }

    /// Whatever readers trust, each gets the epochs from there on, and what was read a moment ago is not read again.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func everyReaderGetsItsEpochs(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let parts = ProofParts()
        let most = UInt64(ProofBundle.epochEndsMax)
        let template = try Self.end(Epoch(0))
        var newest: UInt64 = 0
        for _ in 0..<60 {
            newest += generator.next() % 200
            let first = newest - min(newest, generator.next() % (most + 1))
            for isAgain in [false, true] {
                var reads = 0
                let ends = try parts.epochEnds(from: Epoch(first), to: Epoch(newest)) {
                    (epoch) throws(StorageFailure) in
                    reads += 1
                    return ProofBundle.EpochEnd(
                        header: template.header.of(epoch), finalization: template.finalization,
                        nextValidators: template.nextValidators)
                }
                #expect(ends.map(\.header.epoch.value) == Array(first..<newest))
                if isAgain, ends.count == Int(most) { #expect(reads == 0) }
            }
        }
        #expect(try parts.epochEnds(from: Epoch(9), to: Epoch(3)) { (_) throws(StorageFailure) in template }.isEmpty)
    }
}

extension BlockHeader {
    fileprivate func of(_ epoch: Epoch) -> BlockHeader {
        BlockHeader(
            network: network, height: height, view: view, epoch: epoch, parent: parent, parentView: parentView,
            time: time, proposer: proposer, transactionsRoot: transactionsRoot, stateRoot: stateRoot,
            receiptsRoot: receiptsRoot, validatorSet: validatorSet, nextValidatorSet: nextValidatorSet)
    }
}
