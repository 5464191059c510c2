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
        // PIN-records
    ]

    @Test func recordsAreAsPinned() {
        let actual = Self.records.map { "\($0.name) \(Hex.encode($0.bytes))" }
        #expect(actual == Self.expected)
    }

    @Test func suiteGenesisIsAsPinned() throws {
        var suite = Consortium.suiteGenesis
        suite.meters = [Meter(number: 1, gridOperator: "gridco", dataProvider: "metrics", holder: .zero)]
        #expect(SHA256.hash(suite.bcs).description == "PIN-suite")
        #expect(try SuiteGenesis(bcs: suite.bcs) == suite)
        let genesis = try ContractTestBench.genesis(validators: Consortium.council, application: suite.bcs)
        var encoder = BCSEncoder()
        for change in try ContractSuite.application.genesisState(genesis) {
            encoder.blob(change.key)
            encoder.blob(change.value ?? [])
        }
        #expect(SHA256.hash(encoder.bytes).description == "PIN-state")
    }

    static let interfaces: [String] = [
        // PIN-interfaces
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
