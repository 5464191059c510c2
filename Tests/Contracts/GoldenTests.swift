import Accounts
import Agreements
import Anchors
import Billing
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

    static let goldenDocument = DocumentContent(
        keys: [
            DocumentKey("key-1", .signing(key), [.authentication, .capabilityInvocation]),
            DocumentKey("key-2", .agreement(SHA256.hash([2])), .keyAgreement),
        ], aliases: ["https://a.example"],
        services: [
            DocumentService(
                "agent", type: "DIDCommMessaging", endpoint: "https://a.example/x", accept: ["didcomm/v2"])
        ])

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
            ("Delegation", Delegation(roles: .oracle, expiry: Timestamp(9), since: Timestamp(8)).bcs),
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
            (
                "ObjectHead",
                ObjectHead(
                    kind: .revocationList, owner: digest, latest: 3, isDeactivated: true, parent: .zero, capacity: 9
                ).bcs
            ),
            (
                "ObjectVersion",
                ObjectVersion(
                    content: digest, byteCount: 700, time: Timestamp(5), height: Height(6), ending: 2, nextKey: .zero
                ).bcs
            ),
            ("RevocationState", RevocationState(accumulator: "21 1A", revoked: [1, 128]).bcs),
            ("did-create digest", OperationDigest.create(network: digest, operation: [1, 2]).bytes),
            (
                "did-update digest",
                OperationDigest.update(network: digest, did: digest, previous: 1, document: .zero, nextKey: digest)
                    .bytes
            ),
            ("did-deactivate digest", OperationDigest.deactivate(network: digest, did: digest, previous: 1).bytes),
            (
                "did-grant digest",
                OperationDigest.grant(
                    network: digest, did: digest, sequence: 1, key: key, .revoke, Timestamp(7)
                ).bytes
            ),
            (
                "did-object digest",
                OperationDigest.object(network: digest, object: .zero, previous: 2, content: digest).bytes
            ),
            ("version key", Identity.versions.stateKey(Pair(digest, 258), at: WellKnown.identity)),
            ("create operation", Array(goldenDocument.createOperation(network: "pilot", nextKey: digest))),
            ("did", Array(goldenDocument.did(network: "pilot", nextKey: digest).description.utf8)),
            ("key of Pair", Pair("a\u{0}", Pair(UInt64(258), key)).keyBytes),
            ("state key", Registry.entries.stateKey(Pair("village", "terms"), at: WellKnown.registry)),
        ]
    }

    static let expected: [String] = [
        "Partner "
            + "0161044120c3a901010000010003898d5aa75f1295fad2b749a86b122ce59619b35465a17b1ea11ea654dc61c73d01",
        "KeyHolder 0161",
        "Delegation 4000000009000000000000000800000000000000",
        "NetworkParameters "
            + "60ea000000000000c027090000000000005847f80d00000000e1f5050000000060ea0000000000000008194800000000",
        "ActiveVersion "
            + "010000004bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a010000004bf5122f344554c5"
            + "3bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a0000000000000000",
        "Meter "
            + "0500000000000000016701644bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a01000389"
            + "8d5aa75f1295fad2b749a86b122ce59619b35465a17b1ea11ea654dc61c73d01000174726164696e6700000000000000"
            + "0000000000000000000000000000",
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
        "ObjectHead "
            + "044bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a030000000100000000000000000000"
            + "0000000000000000000000000000000000000000000009000000",
        "ObjectVersion "
            + "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459abc020000050000000000000006000000"
            + "000000000200010000000000000000000000000000000000000000000000000000000000000000",
        "RevocationState 053231203141020180",
        "did-create digest 00c3a20cdbc59788123e927e35aac1edae6d8924e1a017a88166d7422566d077",
        "did-update digest b5826a71bf5b6bfe1cc62b74e8dca72bc22536f3309c7fa9b5a6d660ae88415e",
        "did-deactivate digest 50e07c97dda36e1dc18a8e3696d906a24e46d691a1a958f2beb3932f203b8d8b",
        "did-grant digest 60111a6a101b4599b185e46645c00d18c183e7dc6a9c26874981930da6f3f19d",
        "did-object digest ae8690a14521c677e1dba75272da03da809b4494408e17cbbb1d10b340ce9f76",
        "version key "
            + "6964656e74697479000000000000000000000000054bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce2"
            + "3c7785459a00000102",
        "create operation "
            + "7b22646f63756d656e74223a7b2240636f6e74657874223a5b2268747470733a2f2f7777772e77332e6f72672f6e732f"
            + "6469642f7631222c2268747470733a2f2f773369642e6f72672f73656375726974792f6d756c74696b65792f7631222c"
            + "2268747470733a2f2f773369642e6f72672f73656375726974792f7375697465732f6a77732d323032302f7631225d2c"
            + "22616c736f4b6e6f776e4173223a5b2268747470733a2f2f612e6578616d706c65225d2c2261757468656e7469636174"
            + "696f6e223a5b226469643a63776174743a70696c6f743a236b65792d31225d2c226361706162696c697479496e766f63"
            + "6174696f6e223a5b226469643a63776174743a70696c6f743a236b65792d31225d2c226964223a226469643a63776174"
            + "743a70696c6f743a222c226b657941677265656d656e74223a5b226469643a63776174743a70696c6f743a236b65792d"
            + "32225d2c2273657276696365223a5b7b226964223a226469643a63776174743a70696c6f743a236167656e74222c2273"
            + "657276696365456e64706f696e74223a7b22616363657074223a5b22646964636f6d6d2f7632225d2c22757269223a22"
            + "68747470733a2f2f612e6578616d706c652f78227d2c2274797065223a22444944436f6d6d4d6573736167696e67227d"
            + "5d2c22766572696669636174696f6e4d6574686f64223a5b7b22636f6e74726f6c6c6572223a226469643a6377617474"
            + "3a70696c6f743a222c226964223a226469643a63776174743a70696c6f743a236b65792d31222c227075626c69634b65"
            + "794d756c746962617365223a227a513373686f75337a6a54667a736a795974744854594d6942456134614d6370625964"
            + "4633436e33484558543871443263222c2274797065223a224d756c74696b6579227d2c7b22636f6e74726f6c6c657222"
            + "3a226469643a63776174743a70696c6f743a222c226964223a226469643a63776174743a70696c6f743a236b65792d32"
            + "222c227075626c69634b65794a776b223a7b22637276223a22583235353139222c226b7479223a224f4b50222c227822"
            + "3a22323847307951445f354931585731326c786a6745415358325862442d5069524a533362716d475258325959227d2c"
            + "2274797065223a224a736f6e5765624b657932303230227d5d7d2c226e6578744b6579223a22516d5454413264617847"
            + "716f3564656e703653774c7a7a6b4c4a6d336675697359456939436f57737548707a6662222c226f7065726174696f6e"
            + "223a22637265617465227d",
        "did "
            + "6469643a63776174743a70696c6f743a516d62754c414c694346334e6a7379516565344d444e4b5869356158656b7550"
            + "6863435667755a5241517a4b326b",
        "key of Pair "
            + "610001000000000000000001020003898d5aa75f1295fad2b749a86b122ce59619b35465a17b1ea11ea654dc61c73d",
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
            SHA256.hash(suite.bcs).description == "7e4f423b9187533194e699faffbb18d5909c427fb3c5195204b8ed3a50ad36eb")
        #expect(try SuiteGenesis(bcs: suite.bcs) == suite)
        let genesis = try ContractTestBench.genesis(validators: Consortium.council, application: suite.bcs)
        var encoder = BCSEncoder()
        for change in try ContractSuite.application.genesisState(genesis) {
            encoder.blob(change.key)
            encoder.blob(change.value ?? [])
        }
        #expect(
            SHA256.hash(encoder.bytes).description == "c17707883197d1730483f1868b1ccbba6b4228a43689c10ad3694962fffe2c52"
        )
    }

    static let interfaces: [String] = [
        "accounts 1 f2bb711f5a6d3842702c5761ba0ac7d3d91a5102821922d50d6e78559c0bfc96",
        "agreements 1 bb1fcd99a0494f9ba2208809380afdb7209c56a59b89db93ddff6177293ff1b0",
        "anchors 1 928ab648a72d156001e2e71c7ac9d9ad126fbc05b8f9ae73bc61951625aaeecc",
        "billing 1 a1df40d8229ce9bd4cee810cb90f801d5677474447912f97c7a27b74d40a34fc",
        "governance 2 ba31eead2fde2bc1e42422ce09c8c953102a3f92acef4406f5029e5dc4bbed41",
        "identity 2 168d1b7f716b75abbf5ed7782796fdea494b1d4a47ef3145bab5d944e4b27e42",
        "instances 1 cfe305b31b04f92e44edf9a0615d4d9f647b8d6c10e23de644633edf9206e0f6",
        "registry 1 3845037e61e214a1277e46d576fc4151ab566396cc772fe10d12b977913a3256",
    ]

    @Test func interfacesAreAsPinned() throws {
        let own = [
            Accounts.name, Agreements.name, Anchors.name, Billing.name, Governance.name, Identity.name,
            InstanceService.name,
            Registry.name,
        ]
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

    /// The same of the sources that all contracts run under.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: Shared.project.appending(path: "Contracts/Suite").path)))
    func rulesDigestIsCurrent() throws {
        let files = try ContractSuite.rulesFolders.flatMap { folder in
            let found = try FileManager.default.subpathsOfDirectory(atPath: Shared.project.appending(path: folder).path)
            return found.filter { $0.hasSuffix(".swift") || $0.hasSuffix(".h") }.map { "\(folder)/\($0)" }
        }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(files.contains("Contracts/Host/Execution.swift") && files.contains("Ledger/COpenSSL/shim.h"))
        let lines = try files.map { file in
            let content = try Data(contentsOf: Shared.project.appending(path: file))
            return "\(SHA256.hash([UInt8](content)))  \(file)\n"
        }
        let digest = SHA256.hash(Array(lines.joined().utf8))
        #expect(digest == ContractSuite.rules, "run tools/contract-digests.sh --write")
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
