import Chain
import Foundation
import LedgerCrypto
import LightClient
import Primitives
import TestSupport
import Testing

@testable import NodeClient

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "false", "0", "18446744073709551615", "-9223372036854775808", "1.5", "-2.5e-07", #""""#,
        #""a\"\\\n\t ü €""#, "[]", "{}", "[1,[2,{\"a\":null}]]", #"{"b":1,"a":[true]}"#,
    ])
    func writesWhatItReads(text: String) throws {
        let value = try JSONValue(parsing: text.utf8)
        #expect(try JSONValue(parsing: value.compact) == value)
        #expect(try JSONValue(parsing: value.pretty) == value)
        if !text.contains("."), !text.contains("ü") { #expect(value.compact == Array(text.utf8)) }
    }

    @Test(arguments: [
        "", " ", "nul", "01", "-", "1.", ".5", "1e", "+1", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "{a:1}",
        "\"\u{1}\"",
        "\"\\x\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"", "[", "1 2", "{\"a\":1,\"a\":2}", "NaN", "Infinity",
        "1e999",
        "'a'", "\u{feff}1",
    ])
    func refusesWhatIsNoJSON(text: String) {
        #expect(throws: JSONFailure.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test func boundsDepthAndEncoding() throws {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(throws: JSONFailure.self) { try JSONValue(parsing: deep.utf8) }
        #expect(throws: JSONFailure.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000).utf8) }
        #expect(throws: JSONFailure.self) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
        #expect(try JSONValue(parsing: Array(#""😀""#.utf8)) == .string("😀"))
    }

    @Test func damagedTextNeverTraps() throws {
        var random = SeededGenerator(seed: 11)
        let sources = [
            Array(#"{"a":[1,2.5e3,"x\u00e9",null,true],"b":{"c":-7}}"#.utf8), try sampleGenesis().file,
            JSONCoder<Transaction>.transaction.encode(try sampleTransaction()).compact,
        ]
        for _ in 0..<Fuzz.count(3_000) {
            let bytes = random.damage(sources[Int.random(in: 0..<3, using: &random)])
            if let value = try? JSONValue(parsing: bytes) {
                #expect(try JSONValue(parsing: value.compact) == value)
                _ = try? JSONCoder<Genesis>.genesis.value(from: value)
                _ = try? JSONCoder<Transaction>.transaction.value(from: value)
                _ = try? JSONCoder<ProofBundle>.proofBundle.value(from: value)
            }
        }
    }

    // MARK: Genesis file

    func sampleGenesis() throws -> Genesis {
        let validators = try (0..<4).map { index in
            let secret = try #require(Secp256k1.SecretKey(SHA256.hash(Array("v\(index)".utf8)).bytes))
            return Validator(
                partner: "partner-\(index)", consensusKey: secret.publicKey,
                transportKey: SHA256.hash(Array("t\(index)".utf8)))
        }
        return Genesis(
            name: "pilot", time: Timestamp(1_767_225_600_000), parameters: ChainParameters(),
            validators: try ValidatorSet(validators), application: Array("application".utf8))
    }

    func sampleTransaction() throws -> Transaction {
        let secret = try #require(Secp256k1.SecretKey(SHA256.hash(Array("s".utf8)).bytes))
        let instance = try #require(Address(text: "anchors"))
        let body = TransactionBody(
            network: try sampleGenesis().network, sender: secret.publicKey, actor: "did:example:1",
            expiry: Timestamp(1_767_225_660_000), salt: .max,
            calls: [Call(instance: instance, method: 3, arguments: [1, 2, 3])])
        return try Transaction(signing: body, with: secret)
    }

    @Test func genesisFileIsTheCommittedOne() throws {
        let genesis = try sampleGenesis()
        #expect(try Golden.matches(file: "rpc/genesis.json", Data(genesis.file)))
        #expect(try Genesis(file: genesis.file) == genesis)
    }

    @Test func changedGenesisFileDoesNotLoad() throws {
        let text = String(decoding: try sampleGenesis().file, as: UTF8.self)
        let changes = [
            ("\"pilot\"", "\"pilat\""), ("1767225600000", "1767225600001"), ("partner-0", "partner-00"),
            ("\"delayMilliseconds\": 250", "\"delayMilliseconds\": 251"), ("6170706c", "6170706d"),
            ("\"formatVersion\": 1", "\"formatVersion\": 2"), ("\"name\"", "\"nome\""),
            ("\"delayMilliseconds\": 250", "\"delayMilliseconds\": 0"),
        ]
        for (old, new) in changes {
            #expect(text.contains(old))
            let changed = text.replacing(old, with: new, maxReplacements: 1)
            #expect(throws: JSONFailure.self, "\(old) -> \(new)") { try Genesis(file: changed.utf8) }
        }
        let failure = #expect(throws: JSONFailure.self) {
            try Genesis(file: text.replacing("secp256k1:", with: "secp256r1:", maxReplacements: 1).utf8)
        }
        #expect(failure?.path == ["validators", "[0]", "consensusKey"])
    }

    // MARK: Forms of ledger values

    @Test func transactionFormIsTheCommittedOne() throws {
        let transaction = try sampleTransaction()
        let json = JSONCoder<Transaction>.transaction.encode(transaction)
        #expect(try Golden.matches(file: "rpc/transaction.json", Data(json.pretty)))
        #expect(try JSONCoder<Transaction>.transaction.value(parsing: json.compact) == transaction)
    }

    @Test func valuesComeBack() throws {
        let instance = try #require(Address(text: "trading"))
        let event = Event(instance: instance, kind: 7, payload: [9])
        let receipts = [
            Receipt(subject: .zero, rejection: Rejection(100, "no \"quotes\" \n"), workUsed: .max),
            Receipt(subject: .zero, rejection: nil, events: [event], outputs: [[1], []], workUsed: 0),
        ]
        for receipt in receipts {
            let json = JSONCoder<Receipt>.receipt.encode(receipt).compact
            #expect(try JSONCoder<Receipt>.receipt.value(parsing: json) == receipt)
        }
        let submissions: [Submission] = [
            .accepted, .alreadyPending, .alreadyFinal, .refused(Rejection(5, "x")), .poolFull(retryAfterSeconds: 9),
        ]
        let outcomes = SubmissionOutcomes(submissions)
        #expect(try SubmissionOutcomes(bcs: outcomes.bcs) == outcomes)
        let json = JSONCoder<SubmissionOutcomes>.outcomes.encode(outcomes).compact
        #expect(try JSONCoder<SubmissionOutcomes>.outcomes.value(parsing: json) == outcomes)
        #expect(Hex.encode(outcomes.bcs) == "05000102030500017804" + "09000000")
    }

    @Test func outcomesDecoderNeverTraps() throws {
        var random = SeededGenerator(seed: 12)
        let good = SubmissionOutcomes([.accepted, .refused(Rejection(5, "why")), .poolFull(retryAfterSeconds: 3)]).bcs
        for _ in 0..<Fuzz.count(3_000) {
            let bytes = random.damage(good)
            if let value = try? SubmissionOutcomes(bcs: bytes) { #expect(value.bcs == bytes) }
        }
    }

    /// The proof bundle's JSON is the one that its format document and the light client's own `Codable` form have.
    @Test func proofBundleFormIsThatOfItsDocument() async throws {
        let node = try SmallNode()
        try await node.makeBlock()
        for key in [SmallNode.knownKey, Array("absent".utf8)] {
            let bundle = try await node.proof([key], at: nil, from: Epoch(0))
            let ours = JSONCoder<ProofBundle>.proofBundle.encode(bundle).compact
            let document = try JSONDecoder().decode(ProofBundleDocument.self, from: Data(ours))
            #expect(try document.bundle() == bundle)
            let theirs = try JSONEncoder().encode(ProofBundleDocument(bundle))
            #expect(try JSONCoder<ProofBundle>.proofBundle.value(parsing: theirs) == bundle)
        }
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_827_696_789, "2000-02-29T12:34:56.789Z"),
        (1_774_746_000_000, "2026-03-29T01:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "253402300800000 ms"),
    ])
    func timesAreReadable(milliseconds: UInt64, text: String) {
        #expect(Timestamp(milliseconds).text == text)
    }

    @Test func eventStreamParserTakesAnyCut() {
        let text =
            "retry: 5\nid: 3\n\nevent: block\r\nid: 4\r\ndata: {\r\ndata:}\r\n\r\n: comment\n\nevent: x\ndata: 1\n\n"
        func parse(_ size: Int) -> [EventStreamParser.Entry] {
            var parser = EventStreamParser()
            var found: [EventStreamParser.Entry] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                parser.append(bytes[start..<min(bytes.count, start + size)])
                while let entry = parser.next() { found.append(entry) }
            }
            return found
        }
        let expected: [EventStreamParser.Entry] = [
            .init(kind: "message", id: "3", data: []), .init(kind: "block", id: "4", data: Array("{\n}".utf8)),
            .init(kind: "x", id: nil, data: [0x31]),
        ]
        for size in 1...20 { #expect(parse(size) == expected) }
    }

    @Test(arguments: ["", "-", "1-", "-1", "1-2-3", "a", "1-x", "99999999999999999999", "1-4294967296", "+1"])
    func badPositionsAreRefused(text: String) { #expect(StreamPosition(text) == nil) }
}
