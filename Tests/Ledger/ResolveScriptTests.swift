import Foundation
import TestSupport
import Testing

/// The independent verifier of resolutions against the golden answers, true and false ones.
@Suite struct ResolveScriptTests {
    private struct Cases: Decodable {
        struct Case: Decodable {
            let file: String
            let url: String
        }

        let now: UInt64
        let cases: [Case]
    }

    private let folder = Golden.folder.appending(path: "did-resolution")
    private let cases: Cases

    init() throws {
        cases = try JSONDecoder().decode(Cases.self, from: Data(contentsOf: folder.appending(path: "cases.json")))
    }

    private func script(_ arguments: [String]) throws -> (status: Int32, text: String) {
        try Script.run(arguments, of: "commonwatt_resolve.py")
    }

    /// With either form of the genesis file.
    @Test(.enabled(if: Script.isUsable), arguments: ["genesis.bcs", "genesis.json"])
    func goldenCases(genesis: String) throws {
        let result = try script([
            "--genesis", folder.appending(path: genesis).path, "--cases", folder.appending(path: "cases.json").path,
        ])
        #expect(result.status == 0, "\(result.text)")
        let lines = result.text.split(separator: "\n")
        #expect(lines.count == cases.cases.count && lines.allSatisfy { $0.hasPrefix("ok ") }, "\(result.text)")
    }

    /// A genesis file in which one digit was changed is none, as for our own program.
    @Test(.enabled(if: Script.isUsable)) func refusesAnAlteredGenesis() throws {
        let text = try String(contentsOf: folder.appending(path: "genesis.json"), encoding: .utf8)
        let place = FileManager.default.temporaryDirectory.appending(path: "commonwatt-genesis-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        let delay = try #require(text.firstMatch(of: /"delayMilliseconds": \d+/))
        let attempts = [
            (text.replacing(delay.0, with: "\"delayMilliseconds\": 1"), "the genesis file was changed"),
            (text.replacing("\"application\"", with: "\"applications\""), "the genesis file's JSON"),
            (String(text.dropLast(9)), "the genesis file's JSON"),
        ]
        for (altered, reason) in attempts {
            #expect(altered != text)
            try Data(altered.utf8).write(to: place)
            let result = try script([
                "--genesis", place.path, "--cases", folder.appending(path: "cases.json").path,
            ])
            #expect(result.status == 1 && result.text.contains(reason), "\(result.text)")
        }
    }

    @Test(.enabled(if: Script.isUsable)) func refusesAnAlteredAnswer() throws {
        let first = try #require(cases.cases.first)
        let answer = try String(contentsOf: folder.appending(path: first.file), encoding: .utf8)
        let altered = answer.replacingOccurrences(of: "LinkedDomains", with: "LinkedDomaint")
        #expect(altered != answer)
        let place = FileManager.default.temporaryDirectory.appending(path: "commonwatt-resolve-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        let arguments = [
            "--genesis", folder.appending(path: "genesis.bcs").path, "--now", "\(cases.now)", first.url, place.path,
        ]
        let attempts: [(text: String, status: Int32, start: String)] = [
            (answer, 0, "verified: document, version 2 of 2"), (altered, 1, "REFUSED: document changed"),
            ("{", 1, "REFUSED: malformed answer"),
        ]
        for (text, status, start) in attempts {
            try Data(text.utf8).write(to: place)
            let result = try script(arguments)
            #expect(result.status == status && result.text.hasPrefix(start), "\(result.text)")
        }
    }

    /// Serves an answer on loopback and asks for it: now, later, later without a limit; then as a node that sends a byte at
    /// a time and never ends. Prints a line for each.
    private static let served = #"""
        import http.server, subprocess, sys, threading, time
        folder, genesis, answer, url, now = sys.argv[1:]
        sys.path.insert(0, folder)
        import commonwatt_resolve as script
        body = open(answer, "rb").read()

        class Node(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                if self.path.startswith("/slow"):
                    self.end_headers()
                    try:
                        for _ in range(100):
                            self.wfile.write(b" ")
                            time.sleep(0.1)
                    except OSError:
                        pass
                    return
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        node = f"http://127.0.0.1:{server.server_port}"
        late = str(int(now) + 120_000)
        asked = ["--node", node]
        for more in [asked + ["--now", now], asked + ["--now", late], asked + ["--now", late, "--max-age", "any"],
                     [answer, "--now", late], [answer, "--now", late, "--max-age", "60"]]:
            command = [sys.executable, "-I", "-B", script.__file__, "--genesis", genesis, url] + more
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            print(done.returncode, done.stdout.decode().split("\n")[0])
        script.FETCH_SECONDS_MAX = 1
        try:
            script.fetch(node + "/slow", script.Question(url))
            print("an answer")
        except script.Untrue as refusal:
            print(refusal.verdict)
        """#

    @Test(.enabled(if: Script.isUsable)) func nodesAreBelievedForAMinuteAndHeardForOne() throws {
        let first = try #require(cases.cases.first)
        let process = Process()
        process.executableURL = Script.python
        process.arguments = [
            "-I", "-B", "-c", Self.served, Shared.project.appending(path: "tools/verifier").path,
            folder.appending(path: "genesis.bcs").path, folder.appending(path: first.file).path, first.url,
            "\(cases.now)",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        let lines = text.split(separator: "\n")
        let starts = [
            "0 verified: document", "1 REFUSED: proof refused", "0 verified: document", "0 verified: document",
            "1 REFUSED: proof refused", "no answer",
        ]
        #expect(lines.count == starts.count && zip(lines, starts).allSatisfy { $0.hasPrefix($1) }, "\(text)")
    }
}
