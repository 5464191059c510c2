import Chain
import NodeClient
import Primitives
import RPC
import Testing

@Suite struct SubmitTests {
    let octets = [("Content-Type", "application/octet-stream")]
    let json = [("Content-Type", "application/json; charset=utf-8")]

    @Test func submitsInBothForms() async throws {
        try await TestServer.with(isDriven: false) { server in
            let first = try server.transaction("one")
            let answer = try await server.call("POST", "/v1/transactions", headers: octets, body: first.bytes)
            #expect(answer.status == 202)
            #expect(answer.json["digest"]?.text == first.digest.description)
            #expect(answer.json["status"]?.text == "pending")
            let second = try server.transaction("two")
            let text = Array(#"{"transaction":"\#(Hex.encode(second.bytes))"}"#.utf8)
            #expect(try await server.call("POST", "/v1/transactions", headers: json, body: text).status == 202)
            #expect(try await server.call("POST", "/v1/transactions", headers: json, body: text).status == 202)
            try await server.node.makeBlock()
            let final = try await server.call("POST", "/v1/transactions", headers: json, body: text)
            #expect(final.status == 200 && final.json["status"]?.text == "final")
            let status = try await server.call("GET", "/v1/transactions/\(second.digest)")
            let report = try JSONCoder<TransactionReport>.transactionReport.value(parsing: status.body)
            guard case .final(let result) = report.status else { throw TestFailure("not final") }
            #expect(result.height == Height(1) && result.receipt.rejection == nil)
        }
    }

    @Test func waitsUntilFinal() async throws {
        try await TestServer.with { server in
            let transaction = try server.transaction("waited for")
            let answer = try await server.call(
                "POST", "/v1/transactions?wait=2", headers: octets, body: transaction.bytes)
            #expect(answer.status == 200)
            let refused = try server.transaction("no", method: 99)
            let report = try await server.call(
                "POST", "/v1/transactions?wait=2", headers: octets, body: refused.bytes)
            #expect(report.status == 200)
            #expect(report.json["result"]?["receipt"]?["rejection"]?["code"] == .unsigned(199))
            let receipt = try await server.call("GET", "/v1/transactions/\(refused.digest)/receipt")
            let proven = try JSONCoder<ProvenReceipt>.provenReceipt.value(parsing: receipt.body)
            #expect(proven.isConsistent && proven.receipt.subject == refused.digest)
        }
    }

    @Test func refusesWhatIsNoTransaction() async throws {
        try await TestServer.with { server in
            let good = try server.transaction("x")
            var forged = good.bytes
            forged[forged.count - 1] ^= 1
            let cases: [([(String, String)], [UInt8], Int)] = [
                (octets, [1, 2, 3], 422), (octets, [], 422), (octets, forged, 422), (octets, good.bytes + [0], 422),
                (json, Array("{".utf8), 400), (json, [], 400), (json, Array("{}".utf8), 400),
                (json, Array(#"{"transaction":"0g"}"#.utf8), 400),
                (json, Array(#"{"transaction":"00","x":1}"#.utf8), 400),
                (json, Array(#"{"transaction":"00"}"#.utf8), 422), ([("Content-Type", "text/plain")], good.bytes, 415),
                ([], good.bytes, 415),
            ]
            for (headers, body, status) in cases {
                let answer = try await server.call("POST", "/v1/transactions", headers: headers, body: body)
                #expect(answer.status == status, "\(answer.text)")
            }
            let answer = try await server.call("POST", "/v1/transactions", headers: octets, body: forged)
            #expect(answer.json["code"] == .unsigned(1))
        }
    }

    @Test func batchesKeepOrder() async throws {
        try await TestServer.with(isDriven: false) { server in
            let good = try (0..<20).map { try server.transaction("b\($0)", salt: UInt64($0)) }
            var blobs = good.map(\.bytes)
            blobs.insert([9, 9], at: 3)
            blobs.append(good[0].bytes)
            var encoder = BCSEncoder()
            encoder.vector(blobs) { $0.blob($1) }
            let answer = try await server.call(
                "POST", "/v1/transactions/batch", headers: octets + [("Accept", "application/octet-stream")],
                body: encoder.bytes)
            let outcomes = try SubmissionOutcomes(bcs: answer.body).submissions
            #expect(outcomes.count == 22)
            for (index, outcome) in outcomes.enumerated() {
                switch index {
                case 3: if case .refused(let why) = outcome { #expect(why.code == 0) } else { Issue.record("accepted") }
                case 21: #expect(outcome == .alreadyPending)
                default: #expect(outcome == .accepted)
                }
            }
            let list = blobs.map { "\"\(Hex.encode($0))\"" }.joined(separator: ",")
            let text = try await server.call(
                "POST", "/v1/transactions/batch", headers: json, body: Array(#"{"transactions":[\#(list)]}"#.utf8))
            let again = try JSONCoder<SubmissionOutcomes>.outcomes.value(parsing: text.body)
            #expect(again.submissions.count == 22 && again.submissions[0] == .alreadyPending)
            let broken = try await server.call(
                "POST", "/v1/transactions/batch", headers: octets, body: encoder.bytes.dropLast())
            #expect(broken.status == 422)
        }
    }

    @Test func fullPoolSaysWhen() async throws {
        try await TestServer.with(isDriven: false) { server in
            await server.node.set(poolMax: 1)
            let transactions = try (0..<3).map { try server.transaction("f\($0)") }
            #expect(
                try await server.call("POST", "/v1/transactions", headers: octets, body: transactions[0].bytes).status
                    == 202)
            let full = try await server.call("POST", "/v1/transactions", headers: octets, body: transactions[1].bytes)
            #expect(full.status == 503 && full.headers["retry-after"] == "2")
            let client = try server.client()
            #expect(
                try await client.submit(batch: transactions)
                    == [.alreadyPending, .poolFull(retryAfterSeconds: 2), .poolFull(retryAfterSeconds: 2)])
            try await client.shutdown()
        }
    }
}

extension TestServer {
    func call(
        _ method: String, _ path: String, headers: [(String, String)], body: ArraySlice<UInt8>
    ) async throws -> RawHTTP.Answer {
        try await call(method, path, headers: headers, body: Array(body))
    }
}
