internal import Accounts
internal import ArgumentParser
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import OperatorFiles
internal import Primitives

/// Codes, bits, amounts and names as people write them in commands.
enum MarketWords {
    /// `saleOnly` as `sale-only`.
    static func word(_ code: some ContractCode) -> String {
        "\(code)".map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
    }

    static func code<Code: ContractCode>(_ text: String, _ what: String) throws -> Code {
        guard let code = Code.allCases.first(where: { word($0) == text }) else {
            let known = Code.allCases.map { word($0) }.joined(separator: ", ")
            throw ValidationError("'\(text)' is no \(what); it is one of: \(known).")
        }
        return code
    }

    static func bits<Bits: ContractBits>(_ texts: [String], _ what: String) throws -> Bits {
        var bits = Bits()
        for text in texts {
            guard let known = Bits.named.first(where: { $0.name == text }) else {
                let all = Bits.named.map(\.name).joined(separator: ", ")
                throw UserError("'\(text)' is no \(what); those are: \(all).")
            }
            bits = Bits(rawValue: bits.rawValue | known.bit.rawValue)
        }
        return bits
    }

    /// The holder behind a DID, or a digest of one as 64 hexadecimal digits.
    static func holder(_ text: String) throws -> Digest {
        if let digest = Digest(hex: text) { return digest }
        guard text.hasPrefix("did:"), text.split(separator: ":").count >= 3 else {
            throw UserError("'\(text)' is neither a DID nor 64 hexadecimal digits of the digest of one.")
        }
        return HolderDID.digest(text)
    }

    static func digest(_ text: String, _ what: String) throws -> Digest {
        guard let digest = Digest(hex: text) else {
            throw UserError("'\(text)' is no \(what): it has 64 hexadecimal digits.")
        }
        return digest
    }

    /// A key as `<scheme>:<hex>`, or that of a `did:key`.
    static func key(_ text: String) throws -> PublicKey {
        if let key = PublicKey(text) { return key }
        if let key = personKey(text) { return key }
        throw UserError("'\(text)' is no key: write a did:key, or <scheme>:<hex>, e.g. ed25519:….")
    }

    static func currency(_ text: String) throws -> Currency {
        guard let currency = Currency(text) else {
            throw UserError("'\(text)' is no currency: three capital letters by ISO 4217, e.g. EUR.")
        }
        return currency
    }

    /// `12.5` as micro-units: at most six decimals.
    static func amount(_ text: String) throws -> Amount {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let isDecimal =
            (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
        guard isDecimal, parts.count == 1 || parts[1].count <= 6 else {
            throw UserError("'\(text)' is no amount: write e.g. 12.50, with at most six decimals.")
        }
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        let digits = String(parts[0]) + fraction + String(repeating: "0", count: 6 - fraction.count)
        guard let amount = Amount(digits) else { throw UserError("The amount '\(text)' is too large.") }
        return amount
    }

    /// `12.50 EUR`: two decimals, more where they are needed.
    static func money(_ micro: Amount, _ currency: Currency) -> String { "\(amount(micro)) \(currency)" }

    private static func amount(_ micro: Amount) -> String {
        var text = Human.fixed(micro, digits: 6)
        for _ in 0..<4 where text.hasSuffix("0") { text.removeLast() }
        return text
    }

    /// SHA-256 of a file: how texts and credentials are named on chain.
    static func fileDigest(_ path: String) throws -> Digest {
        guard let data = FileManager.default.contents(atPath: path) else { throw UserError("No file at \(path).") }
        return SHA256.hash([UInt8](data))
    }

    /// The same; with `isSalting` the file first gets a line of 128 random bits, unless it ends with one.
    static func fileDigest(_ path: String, salting isSalting: Bool) throws -> Digest {
        guard isSalting, let data = FileManager.default.contents(atPath: path) else { return try fileDigest(path) }
        let last = String(decoding: data, as: UTF8.self).split(separator: "\n").last
        if last?.hasPrefix("salt: ") != true {
            var random = SystemRandomNumberGenerator()
            let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            let salted = data + Data("\nsalt: \(Hex.encode(bytes))\n".utf8)
            do { try salted.write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
                throw UserError("Could not write the salt to \(path); check that the file is yours.")
            }
        }
        return try fileDigest(path)
    }

    /// The digest of a gateway's own reference, with the salt that it keeps.
    static func reference(_ text: String, salt: String) -> Digest { SHA256.hash(Array((salt + text).utf8)) }
}
