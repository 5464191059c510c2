import DataSets
import DataWorkload
import Foundation
import LedgerCrypto
import Primitives
import Testing
import TradingTestSupport

@testable import DataLake

/// What a crash between two steps leaves of a part, and what is damage and what is not.
@Suite("Parts, interrupted") struct PartErasureTests {
    let folder: TemporaryFolder
    let manifest: Manifest
    let content: [UInt8]
    let now = Timestamp(1_700_000_000_000)

    init() throws {
        folder = try TemporaryFolder()
        let csv = Tables.csv(hours: 4_000)
        manifest = try Tables.manifest(csv)
        content = Array(csv.dropFirst(manifest.header.content.head.count))
    }

    private func store() throws -> PartStore { try DataLake(folder: folder.url).parts }

    private func held() throws -> PartStore {
        let parts = try store()
        try parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: now)
        return parts
    }

    private func url(_ parts: PartStore, _ ending: String) -> URL { parts.path(manifest.digest, ending) }

    private func isThere(_ parts: PartStore, _ ending: String) -> Bool {
        FileManager.default.fileExists(atPath: url(parts, ending).path)
    }

    private func report(_ parts: PartStore) throws -> [Digest] {
        try parts.erasures(from: Timestamp(0), to: Timestamp(.max)).map(\.digest)
    }

    /// How many of the two files were gone when it stopped.
    @Test(arguments: 0...2) func aCrashIsFinishedAtTheNextStart(removed: Int) throws {
        let before = try held()
        try before.beginErasing(manifest.digest, reason: 7, now: now)
        for ending in ["content", "manifest"].prefix(removed) {
            try FileManager.default.removeItem(at: url(before, ending))
        }
        #expect(throws: LakeError.partErased(manifest.digest)) { try before.manifest(manifest.digest) }
        #expect(throws: LakeError.partErased(manifest.digest)) {
            try before.store(manifest, content: content, owner: "corona", dataSet: "load", now: now)
        }
        #expect(try before.held().isEmpty && before.bytesByOwner().isEmpty)
        #expect(try report(before).isEmpty, "reported when the files are gone, not before")
        let after = try store()
        #expect(!isThere(after, "content") && !isThere(after, "manifest"))
        #expect(try report(after) == [manifest.digest] && after.finishErasing() == 0)
        #expect(try after.entry(manifest.digest)?.reason == 7)
    }

    @Test func whatIsForgottenIsForgottenAgain() throws {
        let parts = try held()
        try FileManager.default.removeItem(at: url(parts, "content"))
        // Still listed: the next round finds it.
        #expect(try parts.held().map(\.digest) == [manifest.digest])
        try parts.forget(manifest.digest)
        #expect(try parts.entry(manifest.digest) == nil && !isThere(parts, "manifest"))
        try parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: now)
        #expect(try parts.manifest(manifest.digest) == manifest)
    }

    @Test func filesWithoutAPartGo() throws {
        let parts = try held()
        let other = try Tables.manifest(Tables.csv(hours: 5))
        for ending in ["content", "manifest"] {
            try BatchFiles.write([1, 2, 3], to: parts.path(other.digest, ending))
        }
        let half = url(parts, "content").deletingLastPathComponent().appending(
            path: ".\(manifest.digest.description.prefix(8))-99")
        try Data("x".utf8).write(to: half)
        var removed = 0
        for folder in UInt8.min...UInt8.max { removed += try parts.removeOrphans(in: folder) }
        #expect(removed == 3 && !FileManager.default.fileExists(atPath: half.path))
        #expect(try parts.chunks(of: parts.manifest(manifest.digest)).chunk(1).count > 0)
    }

    @Test func storingAndErasingAtOnce() throws {
        for round in 0..<6 {
            let lake = try DataLake(folder: folder.url.appending(path: "\(round)"))
            let parts = lake.parts
            try parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: now)
            DispatchQueue.concurrentPerform(iterations: 3) { thread in
                if thread == 0 {
                    try? parts.erase(manifest.digest, reason: 1, now: now)
                } else {
                    for _ in 0..<3 {
                        _ = try? parts.store(manifest, content: content, owner: "corona", dataSet: "load", now: now)
                    }
                }
            }
            #expect(try parts.entry(manifest.digest)?.status == .erased)
            #expect(!isThere(parts, "content") && !isThere(parts, "manifest"))
        }
    }

    /// A file that cannot be opened now (here a loop of links; else too many open files, or a missing right) is not damaged.
    @Test(arguments: ["content", "manifest"]) func aFailedOpenIsNoDamage(ending: String) throws {
        let parts = try held()
        let url = url(parts, ending)
        let aside = folder.url.appending(path: "aside")
        try FileManager.default.moveItem(at: url, to: aside)
        try FileManager.default.createSymbolicLink(at: url, withDestinationURL: url)
        func read() throws -> [UInt8] {
            try parts.chunks(of: ending == "manifest" ? parts.manifest(manifest.digest) : manifest).chunk(0)
        }
        #expect {
            try read()
        } throws: {
            if case .storage? = $0 as? LakeError { true } else { false }
        }
        #expect(try parts.entry(manifest.digest)?.status == .held)
        try FileManager.default.removeItem(at: url)
        try FileManager.default.moveItem(at: aside, to: url)
        #expect(try !read().isEmpty)
        // A missing one is.
        try FileManager.default.removeItem(at: url)
        #expect(throws: LakeError.partCorrupted(manifest.digest)) { try read() }
        #expect(try parts.entry(manifest.digest)?.status == .corrupted)
    }
}
