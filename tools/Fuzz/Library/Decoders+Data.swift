internal import Agreements
internal import ContractKit
internal import DataLake
internal import DataSets
internal import LedgerCrypto
internal import Primitives
internal import Simulator

extension Decoders {
    /// Parts of data sets, slices of them, requests and the log of accesses.
    static func data() throws -> [Decoder] {
        let table = Array("time,meter,load_wh\n1000,a,5\n2000,\"b, c\",7\n".utf8)
        let lines = Array("{\"at\":\"2015-10-04T01:00:00Z\",\"kw\":1.5}\n".utf8)
        let salt = SHA256.hash([3])
        let sources: [(source: PartBuilder.Source, bytes: [UInt8])] = [
            (.csv(time: "time", .milliseconds), table), (.jsonLines(time: "at", .rfc3339), lines),
            (.file(name: "a.pdf", mediaType: "application/pdf", from: Timestamp(1), to: Timestamp(2)), [1, 2, 3]),
        ]
        let energy = EnergyColumn(name: "load_wh", unit: .wattHours)
        let manifests = try sources.enumerated().map { index, part in
            try PartBuilder.manifest(
                of: part.bytes, part.source, zone: .results, salt: salt, inputs: [salt],
                energy: index == 0 ? energy : nil)
        }
        let key = Identity.operatorKey(0)
        let question = AccessQuestion(user: salt, dataSet: salt, purpose: .research, agreement: 7)
        let requests = [
            SliceRange.all, .time(from: Timestamp(1), to: Timestamp(9)), .bytes(from: 0, to: 5),
        ].compactMap { range in
            ReadRequest(
                question, part: salt, range: range, filter: try? RowFilter("load_wh > 3"), time: Timestamp(5),
                network: salt,
                key: key.publicKey
            ) { key.sign($0) }
        }
        let uploads = sources.map { part in
            PartUpload(
                signing: PartUpload.Description(
                    partner: "aurora", dataSet: "load", source: part.source, salt: salt, inputs: [salt], energy: energy,
                    keepUntil: Timestamp(9)), bytes: part.bytes, network: salt, key: key)
        }
        let entries = requests.map {
            AccessEntry(salt: salt, request: $0, time: Timestamp(4), byteCount: 3, rows: 2, milliWattHours: 1)
        }
        let heads = manifests.map { SliceHead($0, range: .all, proof: [1, 2]) }
        return [
            .bcs("part manifest", Manifest.self, manifests.map(\.bcs)),
            .bcs("slice head", SliceHead.self, heads.map(\.bcs)),
            .bcs("read request", ReadRequest.self, requests.map(\.bcs)),
            .bcs("part upload", PartUpload.self, uploads.map(\.bcs)),
            .bcs("access entry", AccessEntry.self, entries.map(\.bcs)),
            Decoder("table", isText: true, [table]) { (bytes) throws(Finding) in
                (try? PartBuilder.manifest(of: bytes, sources[0].source, zone: .harmonised, salt: salt)) != nil
            },
            Decoder("JSON lines", isText: true, [lines]) { (bytes) throws(Finding) in
                (try? PartBuilder.manifest(of: bytes, sources[1].source, zone: .harmonised, salt: salt)) != nil
            },
            Decoder("row filter", isText: true, [Array("a = 'x' and b >= 3.5".utf8)]) { (bytes) throws(Finding) in
                (try? RowFilter(String(decoding: bytes, as: UTF8.self))) != nil
            },
        ]
    }
}
