import NodeClient
import RPC
import Testing

extension TestServer {
    /// Waits until so many event streams are open.
    func wait(forStreams count: Int) async throws {
        for _ in 0..<2_000 {
            let text = try await RawHTTP.send("GET", "/metrics", to: port).text
            if text.contains("commonwatt_http_streams \(count)\n") { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestFailure("there never were \(count) streams")
    }

    /// One request, whose answer is checked against what its endpoint documents: status, media type, and the form of
    /// a problem for every error.
    func call(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> RawHTTP.Answer {
        let answer = try await RawHTTP.send(method, path, to: port, headers: headers, body: body)
        expectDocumented(answer, method, path, sourceLocation)
        return answer
    }

    func expectDocumented(
        _ answer: RawHTTP.Answer, _ method: String, _ path: String, _ place: SourceLocation = #_sourceLocation
    ) {
        if answer.status >= 400, method != "HEAD" {
            #expect(answer.isProblem, "\(method) \(path): \(answer.text)", sourceLocation: place)
        }
        let bare = path.split(separator: "?", omittingEmptySubsequences: false).first.map(String.init) ?? path
        guard let table = try? RouteTable(groups.flatMap(\.endpoints)),
            case .endpoint(let endpoint, _) = table.match(method: method, path: bare)
        else { return }
        let media = answer.headers["content-type"]
        if let declared = endpoint.answers.first(where: { $0.status == answer.status }) {
            #expect(
                declared.forms.isEmpty ? media == nil : declared.forms.contains { $0.mediaType == media },
                "\(method) \(path): \(media ?? "none")", sourceLocation: place)
        } else {
            let statuses = OpenAPI.problems(endpoint).map(\.status)
            #expect(
                statuses.contains(answer.status), "\(method) \(path): undocumented status \(answer.status)",
                sourceLocation: place)
        }
    }
}
