internal import Agreements
internal import Chain
internal import ContractKit
internal import DataSets
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import OperatorFiles
internal import Primitives

/// Checks a slice as it arrives and writes what has been checked; what fails leaves no file. Used by one task at a time.
final class SliceCheck: @unchecked Sendable {
    struct Report: Encodable {
        let part: String
        let owner: String
        let dataSet: String
        /// Rows in the chunks that were delivered, and rows kept.
        let rowsDelivered: UInt64
        let rowsKept: UInt64
        let bytesKept: UInt64
        /// The block as of which the chain allowed the read.
        let height: UInt64
        let time: String
        /// The part that corrects this one.
        let correction: String?

        var text: String {
            let corrected = correction.map { "\nIt is superseded: part \($0) corrects it." } ?? ""
            return """
                The data is right: \(rowsKept) rows kept of \(rowsDelivered) delivered, \(bytesKept) bytes of \(owner)/\(dataSet).
                The chain allowed the read as of block \(height) of \(time).\(corrected)
                """
        }
    }

    private var verifier: SliceVerifier
    private let request: ReadRequest
    private let paths: [String]
    private let content: FileHandle?
    private let kept: FileHandle?
    private var cut: RowCut?
    private var rows: UInt64 = 0
    private var bytes: UInt64 = 0
    private var offset: UInt64?
    private var isBegun = false

    init(
        _ request: ReadRequest, trust: TrustAnchor, ageMillisecondsMax: UInt64, out: String?, keep: String?
    ) throws {
        self.request = request
        verifier = SliceVerifier(request, trust: trust, now: .wallClock, ageMillisecondsMax: ageMillisecondsMax)
        paths = [out, keep].compactMap { $0 }
        content = try out.map(SliceCheck.create)
        kept = try keep.map(SliceCheck.create)
        try kept?.write(contentsOf: Data(SliceFrame.bytes(request)))
    }

    private static func create(_ path: String) throws -> FileHandle {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw UserError("There is a file \(path) already; choose another name.")
        }
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw UserError("Cannot write \(path).") }
        return file
    }

    /// The request at the beginning of a kept download, and where the slice begins.
    static func request(in bytes: [UInt8]) -> (request: ReadRequest, start: Int)? {
        guard bytes.count >= 4 else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        guard length <= ReadRequest.byteCountMax, bytes.count >= 4 + length,
            let request = try? ReadRequest(bcs: Array(bytes[4..<4 + length]))
        else { return nil }
        return (request, 4 + length)
    }

    func take(_ arrived: [UInt8]) throws {
        try kept?.write(contentsOf: Data(arrived))
        // Written afterwards: what is kept depends on what the verifier says of the chunks.
        var checked: [(header: PartHeader, bytes: [UInt8])] = []
        try verifier.append(arrived) { checked.append(($0, $1)) }
        for chunk in checked { try write(chunk.header, chunk.bytes) }
    }

    private func write(_ header: PartHeader, _ chunk: [UInt8]) throws {
        let wanted: [UInt8]
        switch request.range {
        case .bytes(let from, let to):
            let start = offset ?? verifier.contentOffset
            let first = from > start ? Int(clamping: from - start) : 0
            let end = min(chunk.count, Int(clamping: to > start ? to - start : 0))
            wanted = first < end ? Array(chunk[first..<end]) : []
            offset = start + UInt64(chunk.count)
        case .all where request.filter == nil:
            wanted = chunk
            rows = verifier.rowsRead
        case .all: wanted = try cut(header, Timestamp(0), Timestamp(.max), chunk)
        case .time(let from, let to): wanted = try cut(header, from, to, chunk)
        }
        if !isBegun, !isBytes { try content?.write(contentsOf: Data(header.content.head)) }
        isBegun = true
        bytes += UInt64(wanted.count)
        try content?.write(contentsOf: Data(wanted))
    }

    private var isBytes: Bool { if case .bytes = request.range { true } else { false } }

    private func cut(_ header: PartHeader, _ from: Timestamp, _ to: Timestamp, _ chunk: [UInt8]) throws -> [UInt8] {
        let cut = try cut ?? RowCut(header.content, from: from, to: to, filter: request.filter)
        self.cut = cut
        let found = try cut.cut(chunk)
        rows += found.rows
        return found.bytes
    }

    func finish() throws -> Report {
        try verifier.finish()
        guard let grant = verifier.grant, let anchor = grant.state.anchor else {
            throw ServingFault.slice(.endsEarly)
        }
        if case .all = request.range, request.filter == nil { rows = verifier.rowsRead }
        try content?.synchronize()
        try kept?.synchronize()
        return Report(
            part: "\(request.part)", owner: anchor.owner, dataSet: anchor.dataSet, rowsDelivered: verifier.rowsRead,
            rowsKept: rows, bytesKept: bytes, height: grant.header.height.value, time: grant.header.time.text,
            correction: grant.state.correction.map { "\($0)" })
    }

    /// Removes what was written.
    func discard() {
        for path in paths { try? FileManager.default.removeItem(atPath: path) }
    }
}

/// Access records out of the newest state of a node that is not trusted: each record proved, all of one block.
struct ProvedStates {
    let client: NodeClient

    func access(_ request: ReadRequest) async throws -> (state: AccessState, time: Timestamp) {
        guard let trust = client.anchor else { throw UserError("There is no genesis to check against.") }
        let dataSet = Agreements.dataSets.stateKey(request.dataSet, at: WellKnown.agreements)
        let first = try await client.proof(dataSet, from: trust.epoch)
        let known = try verified(first, trust)
        guard known.header.height >= client.floor else {
            throw UserError("The node proved an older state than the trusted one.")
        }
        client.advance(to: known.anchor)
        let owners = try known.entry(dataSet)?.value.map { try SharedDataSet(bcs: $0).description.owners } ?? []
        var values: [[UInt8]: [UInt8]?] = [:]
        for key in AccessState.keys(request.question, owners: owners, part: request.part) {
            let proof = try verified(try await client.proof(key, at: known.header.height, from: trust.epoch), trust)
            guard proof.header.height == known.header.height, let entry = proof.entry(key) else {
                throw UserError("The node proved another state than that of block \(known.header.height); ask again.")
            }
            values[key] = entry.value
        }
        let state = try AccessState.read(request.question, part: request.part) { key in values[key] ?? nil }.state
        return (state, known.header.time)
    }

    private func verified(_ bundle: ProofBundle, _ trust: TrustAnchor) throws -> VerifiedProofBundle {
        try bundle.verify(
            from: trust, now: .wallClock, ageMillisecondsMax: SliceVerifier.proofAgeMillisecondsUsual)
    }
}
