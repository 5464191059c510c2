import Chain
import Foundation
import LightClient
import NodeClient
import RPC
import TestSupport
import Testing

@Suite struct TLSTests {
    static let openssl = URL(filePath: "/usr/bin/openssl")

    /// A certificate for localhost that lasts a day, made on the spot.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TLSTests.openssl.path)))
    func servesTLS() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "commonwatt-tls-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (key, certificate) = (folder.appending(path: "key.pem").path, folder.appending(path: "cert.pem").path)
        let process = Process()
        process.executableURL = TLSTests.openssl
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)

        var configuration = APIConfiguration.testing
        configuration.tls = .init(certificateChainFile: certificate, privateKeyFile: key)
        try await TestServer.with(configuration) { server in
            var settings = NodeClientConfiguration()
            settings.authoritiesFile = certificate
            let client = try NodeClient(nodes: ["https://localhost:\(server.port)"], configuration: settings)
            #expect(try await client.nodeStatus().networkName == "small-net")
            let transaction = try server.transaction("tls")
            #expect(try await client.run(transaction, seconds: 10).receipt.rejection == nil)
            try await client.shutdown()
            // Without the authority the client does not talk to it.
            let wary = try NodeClient(nodes: ["https://localhost:\(server.port)"])
            await #expect(throws: ClientError.self) { try await wary.nodeStatus() }
            try await wary.shutdown()
        }
    }
}
