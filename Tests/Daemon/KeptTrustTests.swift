import Chain
import Foundation
import LedgerCrypto
import LightClient
import NodeClient
import OperatorFiles
import Primitives
import Testing

@testable import commonwatt

/// What commands trust, and what they keep of it.
@Suite struct KeptTrustTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "trust-\(UUID().uuidString)").path

    private func genesis(_ name: String) throws -> Genesis {
        let validators = try (0..<4).map { index in
            let secret = try #require(Secp256k1.SecretKey(SHA256.hash(Array("validator \(index)".utf8)).bytes))
            return Validator(
                partner: "partner-\(index)", consensusKey: secret.publicKey,
                transportKey: SHA256.hash(Array("transport \(index)".utf8)))
        }
        return Genesis(
            name: name, time: Timestamp(1_700_000_000_000), parameters: ChainParameters(),
            validators: try ValidatorSet(validators), application: Array("application".utf8))
    }

    private func anchor(_ genesis: Genesis, epoch: UInt64 = 0, height: UInt64) -> TrustAnchor {
        TrustAnchor(
            network: genesis.network, epoch: Epoch(epoch), validators: genesis.validators, height: Height(height),
            header: SHA256.hash(Array("header \(epoch) \(height)".utf8)))
    }

    /// Runs with a folder of its own, and a genesis file in it.
    private func with(_ body: (_ genesis: Genesis, _ file: String, _ kept: String) throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let genesis = try genesis("pilot")
        try GenesisFile.write(genesis, to: folder + "/genesis.json")
        try body(genesis, folder + "/genesis.json", folder + "/trusted")
    }

    @Test func whatWasVerifiedIsWhereTheNextCommandBegins() throws {
        try with { genesis, file, path in
            let first = try #require(try TrustOptions.trust(genesis: file, trusted: path))
            #expect(first.anchor == TrustAnchor(genesis) && first.networkName == "pilot")
            first.keep(first.anchor)
            #expect(!FileManager.default.fileExists(atPath: path), "nothing was verified")
            first.keep(anchor(genesis, height: 7))
            for given in [file, nil] {
                let next = try #require(try TrustOptions.trust(genesis: given, trusted: path))
                #expect(next.anchor == anchor(genesis, height: 7) && next.networkName == "pilot")
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                    "genesis.json", "trusted", "trusted.lock",
                ])
            #expect(try TrustOptions.trust(genesis: nil, trusted: nil)?.networkName == nil)
        }
    }

    /// Two commands at once: the one that ends last has not necessarily seen the newest state.
    @Test func aNewerStateIsNotReplacedByAnOlderOne() throws {
        try with { genesis, file, path in
            let first = try #require(try TrustOptions.trust(genesis: file, trusted: path))
            first.keep(anchor(genesis, epoch: 2, height: 9))
            first.keep(anchor(genesis, epoch: 2, height: 8))
            first.keep(anchor(genesis, epoch: 1, height: 90))
            #expect(try KeptTrust.read(path)?.anchor == anchor(genesis, epoch: 2, height: 9))
            first.keep(anchor(genesis, epoch: 3, height: 10))
            #expect(try KeptTrust.read(path)?.anchor == anchor(genesis, epoch: 3, height: 10))
        }
    }

    @Test func aFileOfAnotherNetworkIsRefused() throws {
        try with { genesis, file, path in
            let other = try self.genesis("other")
            try KeptTrust(networkName: "other", anchor: anchor(other, height: 7)).write(to: path)
            let error = #expect(throws: UserError.self) { try TrustOptions.trust(genesis: file, trusted: path) }
            #expect(error?.description.contains("another network (other") == true)
            let mine = KeptTrust(networkName: "pilot", anchor: anchor(genesis, height: 70))
            #expect(throws: UserError.self) { try mine.write(to: path) }
            #expect(try KeptTrust.read(path)?.networkName == "other")
        }
    }

    @Test func aDamagedFileIsRefusedWhereverItIsDamaged() throws {
        try with { genesis, file, path in
            let text = KeptTrust(networkName: "pilot", anchor: anchor(genesis, height: 7)).text
            #expect(KeptTrust(text: text)?.text == text)
            let bytes = Array(text.utf8)
            for place in bytes.indices {
                var changed = bytes
                changed[place] ^= 1
                #expect(KeptTrust(text: String(decoding: changed, as: UTF8.self)) == nil, "byte \(place)")
                #expect(KeptTrust(text: String(decoding: bytes[..<place], as: UTF8.self)) == nil, "cut at \(place)")
            }
            for damaged in [Data(), Data(bytes.dropLast()), Data([0xff, 0xfe]), Data("\(text)\n".utf8)] {
                try damaged.write(to: URL(filePath: path))
                let error = #expect(throws: UserError.self) { try TrustOptions.trust(genesis: file, trusted: path) }
                #expect(error?.description.contains("damaged") == true)
            }
        }
    }

    @Test func theFirstTimeNeedsTheGenesis() throws {
        try with { _, file, path in
            let error = #expect(throws: UserError.self) { try TrustOptions.trust(genesis: nil, trusted: path) }
            #expect(error?.description.contains("--genesis") == true)
            #expect(throws: UserError.self) {
                try TrustOptions.trust(genesis: file, trusted: folder + "/nowhere/trusted")
            }
        }
    }

    /// The genesis is no verified state: nothing is kept that a node's chain did not prove.
    @Test func anAnchorWithoutAHeaderIsNotKept() throws {
        let genesis = try genesis("pilot")
        #expect(KeptTrust(text: KeptTrust(networkName: "pilot", anchor: TrustAnchor(genesis)).text) == nil)
    }

    /// A node's word never makes a transaction expired.
    @Test func expiredIsSaidOnlyWhenItIsProved() throws {
        let genesis = try genesis("pilot")
        let expiry = Timestamp(1_700_000_000_000)
        let header = genesis.header(stateRoot: .zero)
        let grounds: [(TxCommand.Ground, String)] = [
            (.word(nil), "unknown"), (.word(expiry), "unknown"), (.open(expiry, Timestamp(1)), "unknown"),
            (.expired(expiry, header), "expired"),
        ]
        for (ground, state) in grounds {
            let outcome = TxCommand.Outcome(.zero, .unknown, ground)
            #expect(outcome.state == state && outcome.height == nil)
            #expect(outcome.isProved == (state == "expired"))
            #expect(outcome.text.contains("Do not send it again") == (state != "expired"))
        }
        #expect(TxCommand.Outcome(.zero, .pending, .word(expiry)).state == "pending")
    }
}
