import Foundation
import NodeClient
import TestSupport
import Testing

@testable import RPC

/// The parts of the server that need no socket.
@Suite struct PartsTests {
    @Test func tokensComeBackAndClientsAreBounded() {
        var limit = APIConfiguration.RateLimit()
        limit.tokensMax = 3
        limit.tokensPerSecond = 2
        limit.clientsMax = 2
        let start = ContinuousClock.now
        let limiter = RateLimiter(limit, now: start)
        for _ in 0..<3 { #expect(limiter.take(1, from: "a", now: start) == nil) }
        #expect(limiter.take(1, from: "a", now: start)?.seconds == 1)
        #expect(limiter.take(1, from: "a", now: start + .milliseconds(500)) == nil)
        #expect(limiter.take(10, from: "b", now: start) == nil)
        #expect(limiter.take(10, from: "b", now: start)?.seconds == 2)
        // The table is full of busy clients: newcomers share one bucket.
        for _ in 0..<3 { #expect(limiter.take(1, from: "c", now: start) == nil) }
        #expect(limiter.take(1, from: "d", now: start) != nil)
        #expect(limiter.clientCount == 2)
        // Once the others are idle, they are forgotten.
        #expect(limiter.take(1, from: "d", now: start + .seconds(5)) == nil)
        #expect(limiter.clientCount == 1)
        // A clock that stands still or a huge gap does no harm.
        #expect(limiter.take(3, from: "d", now: start + .seconds(1_000_000)) == nil)
        #expect(limiter.take(3, from: "d", now: start) != nil)
    }

    @Test func capacityCountsBothWays() {
        let capacity = Capacity(max: 3, perClientMax: 2)
        #expect(capacity.enter("a") == nil && capacity.enter("a") == nil)
        #expect(capacity.enter("a") == .perClient)
        #expect(capacity.enter("b") == nil)
        #expect(capacity.enter("c") == .total)
        capacity.leave("a")
        #expect(capacity.enter("c") == nil)
        #expect(capacity.count == 3)
        let bytes = Capacity(max: 100)
        #expect(bytes.enter(amount: 60) == nil && bytes.enter(amount: 41) == .total)
        #expect(bytes.enter(amount: .max) == .total)
        bytes.leave(amount: 60)
        #expect(bytes.count == 0)
    }

    @Test(
        arguments: [
            (nil, "a/json"), ("", "a/json"), ("*/*", "a/json"), ("b/octet", "b/octet"), ("b/*", "b/octet"),
            ("a/json;q=0.2, b/octet;q=0.3", "b/octet"), ("a/json;q=0, */*", "b/octet"), ("A/JSON", "a/json"),
            ("text/html, */*;q=0.1", "a/json"), ("image/png", nil), ("*/*;q=0", nil), ("nonsense", "a/json"),
            ("a/json;q=nan", nil), ("a/json; q=5", "a/json"),
        ] as [(String?, String?)])
    func negotiates(accept: String?, chosen: String?) {
        #expect(MediaNegotiation.choose(["a/json", "b/octet"], accept: accept) == chosen)
    }

    @Test func percentEscapes() {
        #expect(PercentEncoding.decode("a%20b+c".utf8, plusIsSpace: false) == "a b+c")
        #expect(PercentEncoding.decode("a%20b+c".utf8, plusIsSpace: true) == "a b c")
        for bad in ["%", "%1", "%zz", "%00", "%ff", "a%c3"] {
            #expect(PercentEncoding.decode(bad.utf8, plusIsSpace: false) == nil, "\(bad)")
        }
        let query = PercentEncoding.query("a=1&b&&c=%26=x")
        #expect(query?.map(\.name) == ["a", "b", "c"])
        #expect(query?.map(\.value) == ["1", "", "&=x"])
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("::1", "this machine"), ("127.0.0.1", "this machine"),
        ("127.8.9.10", "this machine"), ("::ffff:127.0.0.2", "this machine"),
        ("127.0.0.1.example", "127.0.0.1.example"),
        ("::2", "0:0:0:0"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
        ("2001:db8::6", "2001:db8:0:0"), ("fe80::1%eth0", "fe80:0:0:0"), ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""), (":", "0:0:0:0"), (":::::::::", "0:0:0:0"),
    ])
    func clientsByNetwork(address: String, bucket: String) {
        #expect(ClientAddress.bucket(address).isEmpty == bucket.isEmpty)
        if !address.hasPrefix(":::") && address != ":" { #expect(ClientAddress.bucket(address) == bucket) }
    }

    @Test func prometheusText() {
        let families = [
            MetricFamily(
                "a_total", "Help \\ with\nlines.", .counter([MetricSample(3, [MetricLabel("x", "\"q\"\n\\")])])),
            MetricFamily("b", "B.", .gauge([MetricSample(1.5), MetricSample(-.infinity)])),
            MetricFamily("c", "C.", .histogram([HistogramSample(bounds: [0.5, 2], counts: [1, 0, 2], sum: 9.25)])),
        ]
        #expect(
            String(decoding: PrometheusText.render(families), as: UTF8.self) == """
                # HELP a_total Help \\\\ with\\nlines.
                # TYPE a_total counter
                a_total{x="\\"q\\"\\n\\\\"} 3
                # HELP b B.
                # TYPE b gauge
                b 1.5
                b -Inf
                # HELP c C.
                # TYPE c histogram
                c_bucket{le="0.5"} 1
                c_bucket{le="2"} 1
                c_bucket{le="+Inf"} 3
                c_sum 9.25
                c_count 3

                """)
    }

    @Test func impossibleSettingsAreRefused() throws {
        try APIConfiguration().check()
        try APIConfiguration.testing.check()
        let changes: [(inout APIConfiguration) -> Void] = [
            { $0.port = 70_000 }, { $0.connectionsMax = .max }, { $0.eventHeartbeatSeconds = .max },
            { $0.waitSecondsMax = .max }, { $0.batchBytesMax = -1 }, { $0.bodyBytesInFlightMax = 5 },
            { $0.rateLimit?.tokensMax = 0 }, { $0.idleSecondsMax = 0 }, { $0.answerBytesPerClientMax = 1 },
            { $0.requestsOfThisMachineMax = 0 },
        ]
        for change in changes {
            var configuration = APIConfiguration()
            change(&configuration)
            #expect(throws: APIConfiguration.Mistake.self) { try configuration.check() }
        }
    }

    @Test func timeLimitDoesNotWaitForTheDeaf() async throws {
        let started = ContinuousClock.now
        await #expect(throws: TimeLimitExceeded.self) {
            try await withTimeLimit(milliseconds: 50) {
                // Ignores cancellation.
                await withCheckedContinuation { continuation in
                    DispatchQueue.global().asyncAfter(deadline: .now() + 30) { continuation.resume() }
                }
            }
        }
        #expect(ContinuousClock.now - started < .seconds(20))
        #expect(try await withTimeLimit(milliseconds: 60_000) { 7 } == 7)
        await #expect(throws: CancellationError.self) {
            let task = Task {
                try await withTimeLimit(milliseconds: 60_000) { try await Task.sleep(for: .seconds(50)) }
            }
            task.cancel()
            try await task.value
        }
    }
}
