import Encodings
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite struct EncodingsTests {
    /// Rows of `encoding, text` of the multibase specification. The bases that this project does not write are named.
    @Test(.enabled(if: Shared.isPresent)) func multibaseVectors() throws {
        let folder = Shared.root.appending(path: "vectors/multibase")
        let unread = ["identity", "base45", "base256emoji", "proquint"]
        var rows = 0
        for name in ["basic", "case_insensitivity", "leading_zero", "two_leading_zeros"] {
            let lines = try String(contentsOf: folder.appending(path: "tests/\(name).csv"), encoding: .utf8)
                .split(separator: "\n").map(String.init)
            guard let plain = Self.fields(lines[0]).last else { continue }
            let bytes = Array(plain.replacing("\\x00", with: "\u{0}").utf8)
            for line in lines.dropFirst() {
                let fields = Self.fields(line)
                guard fields.count == 2, !unread.contains(fields[0]) else { continue }
                #expect(Multibase.decode(fields[1]) == bytes, "\(name): \(fields[0])")
                rows += 1
                // Text in another case than its base writes is read, not written.
                if name == "case_insensitivity" { continue }
                #expect(Multibase.encode(bytes, base: fields[1].utf8.first ?? 0) == fields[1], "\(name): \(fields[0])")
            }
        }
        #expect(rows > 60)
    }

    static func fields(_ line: String) -> [String] {
        let parts = line.split(separator: ",", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        return parts.map { $0.hasPrefix("\"") ? String($0.dropFirst().dropLast()) : $0 }
    }

    @Test func base58AndBase64URLByKnownAnswers() {
        // draft-msporny-base58-03, section 5
        #expect(Base58.encode(Array("Hello World!".utf8)) == "2NEpo7TZRRrLZSi2U")
        #expect(Base58.encode([0, 0, 0x28, 0x7f, 0xb4, 0xcd]) == "11233QC4")
        #expect(Base58.decode("11233QC4") == [0, 0, 0x28, 0x7f, 0xb4, 0xcd])
        for bad in ["0", "O", "I", "l", "é", " "] { #expect(Base58.decode(bad) == nil) }
        #expect(Base58.decode(String(repeating: "z", count: 1_025)) == nil)
        // RFC 4648, section 10, without padding
        for (text, form) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            #expect(Base64URL.encode(Array(text.utf8)) == form)
            #expect(Base64URL.decode(form) == Array(text.utf8))
        }
        for bad in ["Zh", "Z", "Zg==", "Zm9vY", "+/"] { #expect(Base64URL.decode(bad) == nil, "\(bad)") }
    }

    /// Any length to the bound, with and without leading zeros, in each base that counts.
    @Test func longNumbersComeBack() {
        var generator = SeededGenerator(seed: 58)
        for count in [0, 1, 2, 3, 4, 5, 31, 32, 33, 34, 63, 64, 65, 255, 256, 1_024] {
            for zeros in [0, 1, count] {
                var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                for index in 0..<min(zeros, count) { bytes[index] = 0 }
                for base in "9kKZz".utf8 {
                    guard let text = Multibase.encode(bytes, base: base) else {
                        Issue.record("\(count) bytes are not written")
                        continue
                    }
                    // Beyond the bound of what is read, longer text is refused, not cut.
                    let isReadable = text.utf8.count <= (base == UInt8(ascii: "z") ? 1_025 : 2_048)
                    #expect(Multibase.decode(text) == (isReadable ? bytes : nil), "\(count) bytes")
                }
            }
        }
        #expect(Base58.encode([UInt8](repeating: 1, count: 1_025)) == nil)
        #expect(Hex.encode([0x00, 0x9f, 0xff]) == "009fff" && Hex.encode([UInt8]()) == "")
        #expect(Hex.encode([1, 2, 3, 4][1...2]) == "0203")
    }

    @Test func keysAndDigestsAsText() throws {
        // did:key specification, test vectors of Ed25519, P-256 and secp256k1
        let keys = [
            "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
            "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
        ]
        for (text, scheme) in zip(keys, [SignatureScheme.ed25519, .p256, .secp256k1]) {
            let key = try #require(Multicodec.key(multikey: text))
            #expect(key.scheme == scheme && Multicodec.multikey(key) == text)
        }
        #expect(Multicodec.key(multikey: "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc") == nil)
        let digest = SHA256.hash(Array("Commonwatt".utf8))
        let text = Multihash.text(digest)
        #expect(text.hasPrefix("Qm") && text.utf8.count == Multihash.textBytes && Multihash.digest(text) == digest)
        #expect(Multihash.digest(text.dropLast()) == nil)
        #expect(Multihash.digest("1" + text.dropLast()) == nil)
    }

    static let refusedJSON = [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{\"a\" 1}", "[01]", "[+1]", "[1.]", "[.5]", "[1e]", "nul",
        "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"a", "\"\t\"", "[1] 2", "'a'",
        "{\"\u{e9}\":1,\"\\u00e9\":2}", String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
    ]

    @Test(arguments: refusedJSON) func otherTextIsNoJSON(text: String) {
        #expect(throws: JSONRefusal.self) { try JSON(parsing: Array(text.utf8)) }
    }

    @Test func rawBytesThatAreNoUTF8AreRefused() {
        #expect(throws: JSONRefusal.self) { try JSON(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test func boundIsTheCallers() throws {
        let text = Array("[1,2]".utf8)
        #expect(try JSON(parsing: text, byteCountMax: 5).elements?.count == 2)
        #expect(throws: JSONRefusal.self) { try JSON(parsing: text, byteCountMax: 4) }
        let long = Array("\"\(String(repeating: "x", count: JSON.byteCountMax))\"".utf8)
        #expect(throws: JSONRefusal.self) { try JSON(parsing: long) }
        #expect(try JSON(parsing: long, byteCountMax: long.count).text?.utf8.count == JSON.byteCountMax)
    }

    @Test func canonicalFormOfWholeNumbersOnly() throws {
        let json = try JSON(parsing: Array("{ \"b\": [ 1, -2, 9007199254740991 ], \"a\": \"\\u20ac\\/\\n\" }".utf8))
        #expect(json.canonical() == Array("{\"a\":\"€/\\n\",\"b\":[1,-2,9007199254740991]}".utf8))
        for number in ["1.0", "1e3", "-0", "9007199254740992", "0.5"] {
            #expect(try JSON(parsing: Array("[\(number)]".utf8)).canonical() == nil, "\(number)")
        }
        // Canonically equal texts are two names; a Kelvin sign is no K.
        let twin = try JSON(parsing: Array("{\"\u{e9}\":1,\"e\u{301}\":2,\"K\":3,\"\u{212a}\":4}".utf8))
        #expect(twin.members?.count == 4 && twin["\u{212a}"]?.whole == 4 && twin["K"]?.whole == 3)
    }

    @Test func damagedTextNeverTraps() {
        var generator = SeededGenerator(seed: 3)
        let text = Array("{\"a\":[1,2.5e-3,\"x\\u00e9\\ud83d\\ude00\",{\"b\":null,\"c\":true}],\"d\":false}".utf8)
        for _ in 0..<5_000 {
            var bad = text
            for _ in 0..<(1 + generator.next() % 3) {
                bad[Int(generator.next() % UInt64(bad.count))] ^= UInt8(1 << (generator.next() % 8))
            }
            if let json = try? JSON(parsing: bad) { _ = json.canonical() }
        }
    }
}
