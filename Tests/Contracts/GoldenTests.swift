import Anchors
import Chain
import ContractHost
import ContractKit
import ContractSuite
import Foundation
import Governance
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Bytes that other languages and later releases must reproduce. Changing one is changing a format.
@Suite struct GoldenTests {
    static let key = ContractTestBench.key(of: "golden").publicKey

    static var records: [(name: String, bytes: [UInt8])] {
        let digest = SHA256.hash([1])
        let version = ContractVersion("anchors", 2, sources: digest)
        var meter = Meter(number: 5, gridOperator: "g", dataProvider: "d", holder: digest, key: key, isConfirmed: true)
        meter.community = WellKnown.trading
        return [
            (
                "Partner",
                Partner(id: "a", name: "A é", roles: [.council, .issuer], keys: [key], isSuspended: true).bcs
            ),
            ("KeyHolder", KeyHolder(partner: "a").bcs),
            ("Delegation", Delegation(roles: .oracle, expiry: Timestamp(9)).bcs),
            ("NetworkParameters", NetworkParameters().bcs),
            ("ActiveVersion", ActiveVersion(version: 1, sources: digest).bcs), ("Meter", meter.bcs),
            ("SigningKey", SigningKey(since: Timestamp(3), revoked: Timestamp(4)).bcs),
            (
                "BatchAnchor",
                BatchAnchor(
                    digest: digest, root: .zero, count: 7, from: Timestamp(1), to: Timestamp(2), schema: "s",
                    owner: "o", dataSet: "d", supersedes: .zero, height: Height(8)
                ).bcs
            ),
            ("Tombstone", Tombstone(reason: 1, time: Timestamp(2)).bcs),
            (
                "Attestation digest",
                Attestation.signingDigest(network: digest, instance: WellKnown.trading, subject: .zero).bytes
            ),
            ("AttestationPolicy", AttestationPolicy(attesters: ["a", "b"], threshold: 1).bcs),
            ("Action.activate", Action.activate(Activation(version, from: Height(4))).bcs),
            ("Action.suspend", Action.suspend(id: "x").bcs),
            ("AddKey digest", AddKey.signingDigest(network: digest, partner: "a", key: key).bytes),
            (
                "ValidatorClaim digest",
                ValidatorClaim.signingDigest(network: digest, validator: ContractTestBench.validator("a")).bytes
            ),
            ("AddSigningKey digest", AddSigningKey.signingDigest(network: digest, partner: "a", key: key).bytes),
            ("key of Pair", Pair("a\u{0}", Pair(UInt64(258), key)).keyBytes),
            ("state key", Registry.entries.stateKey(Pair("village", "terms"), at: WellKnown.registry)),
        ]
    }

    static let expected: [String] = [
        "Partner 0161044120c3a901010000010003898d5aa75f1295fad2b749a86b122ce59619b35465a17b1ea11ea654dc61c73d01",
        "KeyHolder 0161",
        "Delegation 400000000900000000000000",
        "NetworkParameters 60ea000000000000c027090000000000005847f80d00000000e1f5050000000060ea0000000000000008194800000000",
        "ActiveVersion "
            + "010000004bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a010000004bf5122f344554c5"
            + "3bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a0000000000000000",
        "Meter "
            + "0500000000000000016701644bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a01000389"
            + "8d5aa75f1295fad2b749a86b122ce59619b35465a17b1ea11ea654dc61c73d01000174726164696e6700000000000000"
            + "000000000000",
        "SigningKey 0300000000000000010400000000000000",
        "BatchAnchor "
            + "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a00000000000000000000000000000000"
            + "0000000000000000000000000000000007000000010000000000000002000000000000000173016f0164010000000000"
            + "0000000000000000000000000000000000000000000000000000000800000000000000",
        "Tombstone 01000200000000000000",
        "Attestation digest 23f8477e6065e963a3987a9a967698771ce8279872a81054370200118f7b9b63",
        "AttestationPolicy 02016101620100",
        "Action.activate "
            + "0707616e63686f7273020000004bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a040000"
            + "0000000000",
        "Action.suspend 030178",
        "AddKey digest c3d21e1982cef393b4092829e6561f554c98301bc3e290f9e03957b77be94ea7",
        "ValidatorClaim digest 0823cbfdf652df2289729ea9af1b2615195ffa948fb9782eb78ba3f3c98db7e7",
        "AddSigningKey digest 165e48ad74135ef0de65ebc0506175d857280ca76ae91e7b4bce72963e97381c",
        "key of Pair 610001000000000000000001020003898d5aa75f1295fad2b749a86b122ce59619b35465a17b1ea11ea654dc61c73d",
        "state key 72656769737472790000000000000000000000000176696c6c61676500007465726d730000",
    ]

    @Test func recordsAreAsPinned() {
        let actual = Self.records.map { "\($0.name) \(Hex.encode($0.bytes))" }
        #expect(actual == Self.expected)
    }

    @Test func suiteGenesisIsAsPinned() throws {
        var suite = Consortium.suiteGenesis
        suite.meters = [Meter(number: 1, gridOperator: "gridco", dataProvider: "metrics", holder: .zero)]
        #expect(
            SHA256.hash(suite.bcs).description == "10c242bd37f45ba9d535005356655b3db1edee2507d9040d4cb9d97aa8f9e6ee")
        #expect(try SuiteGenesis(bcs: suite.bcs) == suite)
        let genesis = try ContractTestBench.genesis(validators: Consortium.council, application: suite.bcs)
        var encoder = BCSEncoder()
        for change in try ContractSuite.application.genesisState(genesis) {
            encoder.blob(change.key)
            encoder.blob(change.value ?? [])
        }
        #expect(
            SHA256.hash(encoder.bytes).description == "bf5d5ad4f8392d0d88e5d0f2c23cffab8d41163da677888df68b5191d56aebb0"
        )
    }

    static let interfaces: [String] = [
        "anchors 1 32a99fbeff98fcbfaffe7a85f2aa163bd8a52c1bdd41319d224f9308d6d50650",
        "governance 1 7e41b3e2e3153469996f89186befbcac673075779af00a4312830091189ead4b",
        "identity 1 e832b976bc4f63a0a53b0828a72d32a68607c2469733b717676380fa094ce9ac",
        "instances 1 cfe305b31b04f92e44edf9a0615d4d9f647b8d6c10e23de644633edf9206e0f6",
        "registry 1 3845037e61e214a1277e46d576fc4151ab566396cc772fe10d12b977913a3256",
    ]

    @Test func interfacesAreAsPinned() throws {
        let own = [Anchors.name, Governance.name, Identity.name, InstanceService.name, Registry.name]
        let contracts = ContractSuite.application.release.contracts.filter { own.contains($0.name) }
        // The digest of the sources changes with every comment; the interface does not.
        let actual = contracts.map { contract in
            let text = contract.interfaceJSON.replacing(contract.sources.description, with: "")
            return "\(contract.name) \(contract.version) \(SHA256.hash(Array(text.utf8)))"
        }
        #expect(actual == Self.interfaces)
        for contract in ContractSuite.application.release.contracts {
            let parsed = try JSONSerialization.jsonObject(with: Data(contract.interfaceJSON.utf8)) as? [String: Any]
            #expect((parsed?["calls"] as? [Any])?.count == contract.calls.count)
            #expect(parsed?["contract"] as? String == contract.name)
        }
    }

    @Test func jsonEscapesWhatItMust() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("a\"\\\n\u{1}é")
            writer.array([1, 2]) { $0.number($1) }
            writer.key("empty")
            writer.array([Int]()) { $0.number($1) }
        }
        #expect(writer.text == "{\n  \"a\\\"\\\\\\n\\u0001é\": [\n    1,\n    2\n  ],\n  \"empty\": []\n}")
    }
}

@Suite struct ReleaseTests {
    /// `tools/contract-digests.sh --write` brings them up to date.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: Shared.project.appending(path: "Contracts/Suite").path)))
    func sourceDigestsAreCurrent() throws {
        for (folder, digest) in ContractSuite.sourceDigests {
            let root = Shared.project.appending(path: "Contracts/\(folder)")
            let files = try FileManager.default.subpathsOfDirectory(atPath: root.path)
                .filter { $0.hasSuffix(".swift") }.map { "./\($0)" }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            var listing = ""
            for file in files {
                let content = try Data(contentsOf: root.appending(path: file))
                listing += "\(SHA256.hash([UInt8](content)))  \(file)\n"
            }
            #expect(SHA256.hash(Array(listing.utf8)).description == digest, "run tools/contract-digests.sh --write")
        }
    }

    @Test func declarationsAreConsistent() {
        for contract in ContractSuite.application.release.contracts {
            #expect(contract.name.utf8.count <= ContractDefinition.nameBytesMax)
            #expect(contract.calls.map(\.number) == Array(1...UInt16(contract.calls.count)), "\(contract.name)")
            #expect(Set(contract.rejections.map(\.code)).count == contract.rejections.count, "\(contract.name)")
            #expect(contract.rejections.allSatisfy { $0.code >= 100 }, "\(contract.name)")
            #expect(Set(contract.storage.map(\.number)).count == contract.storage.count, "\(contract.name)")
            #expect(Set(contract.events.map(\.number)).count == contract.events.count, "\(contract.name)")
            #expect(contract.initialize?.number ?? 0 == 0)
            for call in contract.calls { #expect(contract.call(call.number)?.name == call.name) }
            #expect(contract.call(0) == nil && contract.call(.max) == nil)
        }
    }
}
