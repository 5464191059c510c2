internal import Chain
internal import ContractKit
internal import DataLake
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import Primitives
internal import Results
internal import Settlement
internal import Simulator
internal import Trading

extension Decoders {
    private static let hour = Timestamp(1_700_002_800_000)

    private static var batch: ReadingBatch {
        ReadingBatch(
            salt: SHA256.hash([1]), meter: MeterNumber(7), resolution: .minutes60,
            readings: (0..<24).map {
                Reading(
                    start: hour.adding(milliseconds: UInt64($0) * 3_600_000), direction: .production, energy: 250,
                    quality: .asProvided, receivedAt: hour.adding(milliseconds: 90_000_000))
            })
    }

    static func lake() -> [Decoder] {
        let digest = SHA256.hash([7])
        let messages: [LakeMessage] = [
            .batch(digest), .store(batch.bcs),
            .list(community: Simulator.LedgerApplication.instance, from: hour, to: hour),
            .salts(community: Simulator.LedgerApplication.instance, period: PeriodNumber(3), version: 4),
            .batchBytes([1, 2, 3]), .stored(digest),
            .listed([ListedBatch(digest: digest, meter: MeterNumber(5), from: hour, to: hour)]),
            .saltList(
                SaltList(community: digest, members: [SaltList.Entry(member: MemberNumber(1), salt: digest)])),
            .refused(LakeRefusal(.otherResult, "the totals differ")), .part(digest),
            .chunks(digest, first: 3, count: 12), .offer(digest, keepUntil: hour), .manifest([1, 2]), .chunkBytes([3]),
            .attestResult(
                ResultRequest(
                    claim: ResultClaim(
                        owner: "aurora", analysis: "day-ahead", program: digest, inputs: digest, inputCount: 1,
                        parameters: digest, output: digest), parameters: [1, 2], inputs: [digest], salt: digest,
                    output: [3])),
        ]
        let frames = messages.enumerated().map { LakeFrame(number: UInt64($0.offset), message: $0.element).bcs }
        let upload = BatchUpload(
            signing: batch, network: digest, provider: "aurora", key: Identity.operatorKey(0))
        return [
            .bcs("lake message", LakeFrame.self, frames), .bcs("batch upload", BatchUpload.self, [upload.bcs]),
            .bcs("reading batch", ReadingBatch.self, [batch.bcs]),
        ]
    }

    private static func json<Value>(_ name: String, _ coder: JSONCoder<Value>, _ values: [Value]) -> Decoder {
        Decoder("JSON \(name)", isText: true, values.prefix(20).map { coder.encode($0).compact }) {
            (bytes) throws(Finding) in (try? coder.value(parsing: bytes)) != nil
        }
    }

    static func json(_ run: Recording) -> [Decoder] {
        let blocks = blocks(run)
        let transactions = blocks.flatMap(\.transactions)
        // As clients send them: by its bytes.
        let bodies = transactions.prefix(10).map { transaction in
            Array(#"{"transaction":"\#(Hex.encode(transaction.bytes))"}"#.utf8)
        }
        let documents = run.bundles.compactMap { try? JSONEncoder().encode(ProofBundleDocument($0)) }.map { Array($0) }
        return [
            Decoder("JSON text", isText: true, bodies + documents) { (bytes) throws(Finding) in
                (try? JSONValue(parsing: bytes)) != nil
            },
            json("transaction", .transaction, transactions), json("block", .block, blocks),
            json("receipt", .receipt, run.receipts),
            json("genesis file", .genesis, [run.genesis]), json("proof bundle", .proofBundle, run.bundles),
            Decoder("proof bundle document", isText: true, documents) { (bytes) throws(Finding) in
                guard let document = try? JSONDecoder().decode(ProofBundleDocument.self, from: Data(bytes)) else {
                    return false
                }
                return (try? document.bundle()) != nil
            },
        ]
    }

    static func files(_ run: Recording) -> [Decoder] {
        let statements = run.bundles.prefix(1).compactMap { try? statement($0) }
        return readings() + [
            Decoder("statement file", isText: true, statements) { (bytes) throws(Finding) in
                (try? Statement(json: Data(bytes))) != nil
            }
        ]
    }

    /// A small file in each form of readings that can be imported.
    private static func readings() -> [Decoder] {
        let settings = AdaptorSettings(
            clock: HourlyAdaptor.californiaClock, meters: ["home-1": MeterNumber(1)], receivedAt: hour)
        let hours = (0..<30).map {
            "2024-03-0\(1 + $0 / 24)T\($0 % 24 < 10 ? "0" : "")\($0 % 24):00,home-1,\($0 * 10),\($0)"
        }
        let quarters = (1...3).map { "44,\($0),home-1," + (0..<96).map { "\($0)" }.joined(separator: ",") }
        let stands = (0..<9).map { "2016-03-27T0\($0):00:00Z,2016-03-27T0\($0):00:00+0000,\($0).5,\($0).25," }
        let samples: [(ReadingsFormat, String)] = [
            (.hourly, ([HourlyAdaptor.header] + hours).joined(separator: "\n")),
            (.quarterHours, ([QuarterHourAdaptor.header] + quarters).joined(separator: "\n")),
            (
                .registers,
                (["utc_timestamp,cet_cest_timestamp,grid_import,grid_export,interpolated_values"] + stands)
                    .joined(separator: "\n")
            ),
            (.greenButton, ReadingSamples.greenButton), (.cim, ReadingSamples.marketDocument),
        ]
        return samples.map { format, sample in
            let file = ReadingsFile(
                format, settings: settings, meter: format == .hourly || format == .quarterHours ? nil : "home-1",
                isoYear: 2018)
            return Decoder("readings, \(format.rawValue)", isText: true, [Array(sample.utf8)]) {
                (bytes) throws(Finding) in
                (try? file.read(bytes)) != nil
            }
        }
    }

    /// A statement's form, without lines.
    private static func statement(_ bundle: ProofBundle) throws -> [UInt8] {
        let digest = SHA256.hash([3]).description
        let proof = String(decoding: try JSONEncoder().encode(ProofBundleDocument(bundle)), as: UTF8.self)
        return Array(
            """
            {"format":"\(Statement.formatName)","network":"\(digest)","community":"\(digest)","member":1,"from":1,"to":2,
            "rules":"\(digest)","sums":{"production":1,"consumption":2,"received":0,"given":0,"bought":2,"sold":1,
            "paidForReceived":0,"earnedForGiven":0,"paidForBought":5,"earnedForSold":3,"gridFee":0,"fundLevy":0,"incentive":0,"balance":-2},"lines":[],
            "open":[4],"batches":["\(digest)"],"proofs":[\(proof)]}
            """.utf8)
    }
}
