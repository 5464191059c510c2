import Foundation
import NodeClient
import Testing

extension ProcessSuite {
    /// A node in a folder that everybody may read, with a mask that allows it: nothing that it writes can be read by others,
    /// and databases that could be no longer can after a start.
    @Test(.timeLimit(.minutes(3))) func aNodesFilesAreItsOwn() async throws {
        let previous = umask(0o022)
        defer { umask(previous) }
        try await ValidatorNetwork.with { network in
            let data = network.data("coop")
            _ = try await network.write("something", through: "coop")
            try #require(try await network.stop("coop", seconds: 20) == 0)
            let secrets = "\(data)/lake/secrets.sqlite"
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: data)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: secrets)
            try network.start("coop")
            try await network.ready(["coop"])
            _ = try await network.write("more", through: "coop")
            var files = 0
            let names = FileManager.default.enumerator(atPath: data)
            while let name = names?.nextObject() as? String {
                // Files of the running node come and go.
                guard let attributes = try? FileManager.default.attributesOfItem(atPath: "\(data)/\(name)"),
                    attributes[.type] as? FileAttributeType == .typeRegular,
                    let mode = attributes[.posixPermissions] as? Int
                else { continue }
                files += 1
                #expect(mode & 0o077 == 0, "\(name) has mode \(String(mode, radix: 8))")
            }
            #expect(files > 10)
        }
    }
}
