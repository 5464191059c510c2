import Chain
import ContractHost
import ContractKit
import Encodings
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Random histories of a few DIDs against a model of a few lines: what the contract takes is what the model takes, and
/// after each the invariants at the head of the contract hold.
@Suite struct RegistryPropertyTests {
    struct Model {
        var version: UInt32 = 0
        var control = "control"
        var isLive = true
        var texts: [[UInt8]] = []
    }

    /// 10,000 sequences of four operations each, split over cases so that they share benches.
    @Test(arguments: 0..<20) func sequencesKeepTheInvariants(part: Int) throws {
        var generator = SeededGenerator(seed: UInt64(part) + 100)
        var bench = try Consortium.identityBench()
        for sequence in 0..<500 {
            let organisation = Organisation(name: "o\(part)-\(sequence)")
            var model = Model()
            for _ in 0..<4 { try step(organisation, &model, &bench, &generator) }
            try check(organisation.did, model, bench)
        }
    }

    private func step(
        _ organisation: Organisation, _ model: inout Model, _ bench: inout ContractTestBench,
        _ generator: inout SeededGenerator
    ) throws {
        let signer = organisation.signer(bench)
        let did = organisation.did.digest
        let stale = generator.next() % 4 == 0 ? UInt32(generator.next() % 5) : model.version
        let key = generator.next() % 4 == 0 ? organisation.ed25519("spare") : organisation.ed25519(model.control)
        let mayChange =
            model.version > 0 && model.isLive && stale == model.version
            && key == organisation.ed25519(model.control)
        switch generator.next() % 5 {
        case 0, 1:
            let code = bench.identity(Identity.create, signer.create(organisation.content))
            #expect(code == (model.version == 0 ? nil : Identity.documentExists.code))
            if model.version == 0 {
                model.version = 1
                model.texts.append(organisation.content.document(of: organisation.did))
            }
        case 2, 3:
            let target = Organisation.purposes[Int(generator.next() % 4)]
            let content = organisation.rotated(to: target)
            let update = signer.update(
                did, from: stale, to: content, known: [organisation.ed25519(model.control)], by: key)
            let code = bench.identity(Identity.update, update)
            #expect((code == nil) == mayChange, "\(String(describing: code))")
            if code == nil {
                model.version += 1
                model.control = target
                model.texts.append(content.document(of: organisation.did))
            }
        default:
            let code = bench.identity(Identity.deactivate, signer.deactivate(did, at: stale, by: key))
            #expect((code == nil) == mayChange)
            if code == nil {
                model.version += 1
                model.isLive = false
                model.texts.append([])
            }
        }
    }

    private func check(_ did: DID, _ model: Model, _ bench: ContractTestBench) throws {
        let url = did.description
        let head = try bench.head(url)
        #expect((head?.latest ?? 0) == model.version)
        #expect((head?.isDeactivated ?? false) == !model.isLive)
        var last = Timestamp(0)
        for (index, text) in model.texts.enumerated() {
            let version = try #require(try bench.version(url, UInt32(index) + 1))
            #expect(version.time >= last)
            last = version.time
            #expect(version.content == (text.isEmpty ? .zero : SHA256.hash(text)))
            if !text.isEmpty { #expect(try bench.text(url, UInt32(index) + 1) == text) }
        }
        #expect(try bench.version(url, model.version + 1) == nil)
    }
}
