internal import Agreements
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import DataLake
internal import DataSets
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives

/// Texts of the command line as values of data sets.
enum DataText {
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
    @Option(help: "Wallet file of whoever reads: of the account's DID, or of an actor of the account.")
    var wallet: String
    @Option(help: "DID of the reading account; the wallet's own when left out.") var account: String?
    @Option(name: .customLong("data-set"), help: "Identifier of the data set.") var dataSet: String
    @Option(help: "Number of the agreement; left out for an open data set.") var agreement: UInt64?
    @Option(help: "What it is read for, such as research or forecasting.") var purpose: String

    /// A request that the wallet signed.
    func request(part: Digest, range: SliceRange, filter: RowFilter?, network: Digest) throws -> ReadRequest {
        let own = try DIDWallet.read(wallet)
        let question = AccessQuestion(
            user: try MarketWords.holder(account ?? own.did), dataSet: try MarketWords.digest(dataSet, "data set"),
            purpose: try MarketWords.bits([purpose], "purpose"), agreement: agreement)
        let (key, signer) = (try own.controlKey(), own.signer(network: network))
        let request = ReadRequest(
            question, part: part, range: range, filter: filter, time: .wallClock, network: network, key: key
        ) { signer.sign(key, $0) }
        guard let request else { throw UserError("\(wallet) does not hold the key that must sign the request.") }
        return request
    }
}
