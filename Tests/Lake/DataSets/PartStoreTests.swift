import DataLake
import DataSets
import DataWorkload
import Foundation
import LedgerCrypto
import Primitives
import Testing
import TradingTestSupport

@Suite("Parts in the lake")
struct PartStoreTests {
    let folder: TemporaryFolder
    let csv = Tables.csv(hours: 4_000)
    let manifest: Manifest
    let content: [UInt8]
    let now = Timestamp(1_700_000_000_000)

    init() throws {
        folder = try TemporaryFolder()
        manifest = try Tables.manifest(csv)
        content = Array(csv.dropFirst(manifest.header.content.head.count))
    }

    private func store() throws -> PartStore { try DataLake(folder: folder.url).parts }

    private func files() throws -> [String] {
        let found = FileManager.default.enumerator(
            at: folder.url.appending(path: "parts"), includingPropertiesForKeys: [.isRegularFileKey])
        return (found?.compactMap { $0 as? URL } ?? []).filter {
            (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
        }
        .map(\.lastPathComponent).sorted()
    }

    @Test func storesAndReadsChunks() throws {
        let parts = try store()
        let entry = try parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: now)
        #expect(entry.rows == 12_000 && entry.status == .held && entry.mediaType == "text/csv")
        #expect(try parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: now) == entry)
        let again = try store()
        #expect(try again.manifest(manifest.digest) == manifest)
        let file = try again.chunks(of: manifest)
        #expect(try (0..<manifest.chunks.count).flatMap { try file.chunk($0) } == content)
        #expect(throws: LakeError.self) { try file.chunk(manifest.chunks.count) }
        #expect(try again.entries(of: "corona", "load").map(\.digest) == [manifest.digest])
        #expect(try again.entries(of: "corona", "load", from: manifest.header.to).isEmpty)
        #expect(try files().count == 2)
        #expect(throws: LakeError.partNotHeld(.zero)) { try again.manifest(.zero) }
        #expect(throws: LakeError.self) {
            try parts.store(manifest, content: content + [1], owner: "corona", dataSet: "load", now: now)
        }
    }

    @Test func damageIsNoticedAndHealed() throws {
        let parts = try store()
        try parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: now)
        let name = manifest.digest.description
        let url = folder.url.appending(path: "parts/\(name.prefix(2))/\(name).content")
        var bytes = [UInt8](try Data(contentsOf: url))
        bytes[70_000] ^= 1
        try Data(bytes).write(to: url)
        let file = try parts.chunks(of: manifest)
        #expect(try file.chunk(0).count > 0)
        #expect(throws: LakeError.partCorrupted(manifest.digest)) { try file.chunk(1) }
        #expect(try parts.entry(manifest.digest)?.status == .corrupted)
        #expect(throws: LakeError.partCorrupted(manifest.digest)) { try parts.manifest(manifest.digest) }
        try parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: now)
        #expect(try parts.chunks(of: parts.manifest(manifest.digest)).chunk(1).count > 0)
    }

    @Test func erasedForGoodWithAReport() throws {
        let parts = try store()
        try parts.store(
            manifest, content: content, owner: "corona", dataSet: "load", keepUntil: now.adding(milliseconds: 10),
            now: now)
        #expect(try parts.expired(now).isEmpty)
        #expect(try parts.expired(now.adding(milliseconds: 10)).map(\.digest) == [manifest.digest])
        let end = now.adding(milliseconds: 20)
        try parts.erase(manifest.digest, reason: 2, now: end)
        #expect(try files().isEmpty)
        #expect(throws: LakeError.partErased(manifest.digest)) { try parts.manifest(manifest.digest) }
        #expect(throws: LakeError.partErased(manifest.digest)) {
            try parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: end)
        }
        let report = try parts.erasures(from: now, to: end.adding(milliseconds: 1))
        #expect(report.map(\.digest) == [manifest.digest] && report[0].reason == 2 && report[0].erased == end)
        try parts.erase(manifest.digest, reason: 9, now: end)
        #expect(try parts.entry(manifest.digest)?.reason == 2)
        #expect(try parts.expired(end).isEmpty)
        try parts.forget(manifest.digest)
        #expect(try parts.entry(manifest.digest)?.status == .erased)
    }

    @Test func arrivesWholeOrNotAtAll() async throws {
        let parts = try store()
        let bytes = content
        let manifest = manifest
        @Sendable func chunk(_ index: Int) -> [UInt8] {
            let one = manifest.chunks[index]
            return Array(bytes[Int(one.offset)..<Int(one.offset) + Int(one.byteCount)])
        }
        for failing in [0, manifest.chunks.count - 1] {
            await #expect(throws: (any Error).self) {
                try await parts.receive(manifest, owner: "corona", dataSet: "load", now: now) { index in
                    if index == failing { return Array(chunk(index).reversed()) }
                    return chunk(index)
                }
            }
            await #expect(throws: CancellationError.self) {
                try await parts.receive(manifest, owner: "corona", dataSet: "load", now: now) { index in
                    if index == failing { throw CancellationError() }
                    return chunk(index)
                }
            }
            #expect(try files().isEmpty)
            #expect(try parts.entry(manifest.digest) == nil)
        }
        let entry = try await parts.receive(manifest, owner: "corona", dataSet: "load", now: now) { chunk($0) }
        #expect(entry.status == .held)
        #expect(try parts.chunks(of: manifest).chunk(1) == chunk(1))
        // What was arriving when the node stopped goes when it starts again.
        let left = folder.url.appending(path: "parts/arriving/left")
        try Data([1]).write(to: left)
        _ = try store()
        #expect(!FileManager.default.fileExists(atPath: left.path))
        #expect(try files().count == 2)
    }

    @Test func documentsByDigest() throws {
        let parts = try store()
        let text = Array("{\"title\":\"Load\"}".utf8)
        try parts.keep(document: text, digest: SHA256.hash(text))
        try parts.keep(document: text, digest: SHA256.hash(text))
        #expect(try parts.document(SHA256.hash(text)) == text)
        #expect(try parts.document(.zero) == nil)
    }
}
