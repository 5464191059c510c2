import Foundation
import LedgerCrypto
import Primitives
import ReadModels
import Testing
import Trading
import TradingTestSupport

@testable import DataLake

/// Secrets and readings are this user's only, also in a folder that others may enter, and where an older version left them
/// readable.
@Suite("File modes") struct FileModeTests {
    private func mode(_ url: URL) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
        return try #require(attributes[.posixPermissions] as? Int) & 0o777
    }

    @Test func onlyTheOwnerReads() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.url.path)
        let batch = Homes.batch(1)
        let databases = ["catalogue", "results", "secrets", "parts", "accesses", "webhooks"].map {
            folder.url.appending(path: "\($0).sqlite")
        }
        func open() throws -> DataLake {
            _ = try AccessLogStore(path: databases[4].path)
            _ = try WebhookStore(path: databases[5].path)
            return try DataLake(folder: folder.url)
        }
        func check() throws {
            for url in databases { #expect(try mode(url) == 0o600, "\(url.lastPathComponent)") }
            for name in ["batches", "parts"] { #expect(try mode(folder.url.appending(path: name)) == 0o700) }
        }
        let lake = try open()
        try lake.store(batch.bcs)
        try check()
        #expect(try mode(lake.files.path(batch.digest)) == 0o600)
        for url in databases {
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: url.path)
        }
        for name in ["batches", "parts"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: folder.url.appending(path: name).path)
        }
        #expect(try open().bytes(batch.digest) == batch.bcs)
        try check()
    }
}
