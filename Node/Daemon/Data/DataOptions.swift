internal import Agreements
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import DataLake
internal import DataSets
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Texts of the command line as values of data sets.
enum DataText {
    /// An account: 64 hexadecimal digits, or the DID of its holder.
    static func account(_ text: String) throws -> Digest {
        if let digest = Digest(hex: text) { return digest }
        guard text.hasPrefix("did:") else {
            throw UserError(
                "'\(text)' is no account: give the holder's DID, or the 64 hexadecimal digits of its SHA-256.")
        }
        return SHA256.hash(Array(text.utf8))
    }

    static func digest(_ text: String, _ what: String) throws -> Digest {
        guard let digest = Digest(hex: text) else {
            throw UserError("'\(text)' is no \(what): it has 64 hexadecimal digits.")
        }
        return digest
    }

    static func purpose(_ text: String) throws -> Purposes {
        guard let found = Purposes.named.first(where: { $0.name == text }) else {
            let names = Purposes.named.map(\.name)
            let hint = Spelling.nearest(to: text, in: names).map { "did you mean '\($0)'?" }
            throw UserError("'\(text)' is no purpose; \(hint ?? "known are \(names.joined(separator: ", ")).")")
        }
        return found.bit
    }

    /// RFC 3339 with a zone.
    static func time(_ text: String) throws -> Timestamp {
        guard let time = TimeForm.rfc3339.time(text.utf8) else {
            throw UserError("'\(text)' is no time; write it like 2016-08-01T00:00:00Z.")
        }
        return time
    }

    /// `rfc3339`, `seconds`, `milliseconds`, or `local:+01:00`.
    static func timeForm(_ text: String) throws -> TimeForm {
        switch text {
        case "rfc3339": return .rfc3339
        case "seconds": return .seconds
        case "milliseconds": return .milliseconds
        default: break
        }
        let parts = text.dropFirst("local:".count).split(separator: ":").map(String.init)
        guard text.hasPrefix("local:"), parts.count == 2, let hours = Int16(parts[0]), let minutes = Int16(parts[1]),
            abs(hours) <= 14, (0..<60).contains(minutes)
        else {
            throw UserError(
                "'\(text)' is no form of times: rfc3339, seconds, milliseconds, or local:+01:00 for labels without a zone."
            )
        }
        let sign: Int16 = parts[0].hasPrefix("-") ? -1 : 1
        return .local(offsetMinutes: hours * 60 + sign * minutes)
    }

    /// `column` in watt-hours, or `column:kwh`.
    static func energy(_ text: String) throws -> EnergyColumn {
        if text.hasSuffix(":kwh") { return EnergyColumn(name: String(text.dropLast(4)), unit: .kilowattHours) }
        return EnergyColumn(name: text.hasSuffix(":wh") ? String(text.dropLast(3)) : text, unit: .wattHours)
    }
}

/// Who reads, under what.
struct ReaderOptions: ParsableArguments {
    @OptionGroup var nodes: NodeOptions
    @Option(help: "Secret key file of whoever reads: a key that acts for the account. Also COMMONWATT_KEY.")
    var key: String?
    @Option(help: "The reading account: its holder's DID, or the SHA-256 of it.") var account: String
    @Option(name: .customLong("data-set"), help: "Identifier of the data set.") var dataSet: String
    @Option(help: "Number of the agreement; left out for an open data set.") var agreement: UInt64?
    @Option(help: "What it is read for, such as research or forecasting.") var purpose: String

    func secret() throws -> Secp256k1.SecretKey {
        guard let path = key ?? ProcessInfo.processInfo.environment["COMMONWATT_KEY"] else {
            throw UserError("Reading is signed: name the key file with --key (or COMMONWATT_KEY).")
        }
        return try KeyFile.read(path)
    }

    func question() throws -> AccessQuestion {
        AccessQuestion(
            user: try DataText.account(account), dataSet: try DataText.digest(dataSet, "data set"),
            purpose: try DataText.purpose(purpose), agreement: agreement)
    }
}
