internal import Synchronization

/// What operators watch of the API itself.
final class HTTPMetrics: Sendable {
    /// Upper bounds in seconds of the histogram of durations.
    static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    private struct Series: Hashable {
        let operation: String
        let status: Int
    }

    private struct Timing {
        var counts = [UInt64](repeating: 0, count: HTTPMetrics.bounds.count + 1)
        var sum = 0.0
    }

    private struct State {
        var requests: [Series: UInt64] = [:]
        var timings: [String: Timing] = [:]
        var bodyBytes: UInt64 = 0
        var malformed: UInt64 = 0
        var stalled: UInt64 = 0
        var refusedConnections: UInt64 = 0
        var shutSources: UInt64 = 0
        var streamsEndedSlow: UInt64 = 0
    }

    private let state = Mutex(State())

    /// `operation` is one of the declared names or "none": the number of series is bounded by the table of routes.
    func record(operation: String, status: Int, seconds: Double, bodyBytes: Int) {
        state.withLock { state in
            state.requests[Series(operation: operation, status: status), default: 0] &+= 1
            let bucket = HTTPMetrics.bounds.firstIndex { seconds <= $0 } ?? HTTPMetrics.bounds.count
            state.timings[operation, default: Timing()].counts[bucket] &+= 1
            state.timings[operation, default: Timing()].sum += seconds
            state.bodyBytes &+= UInt64(clamping: bodyBytes)
        }
    }

    func recordMalformed() { state.withLock { $0.malformed &+= 1 } }
    func recordStalled() { state.withLock { $0.stalled &+= 1 } }
    func recordRefusedConnection() { state.withLock { $0.refusedConnections &+= 1 } }
    func recordShutSource() { state.withLock { $0.shutSources &+= 1 } }
    func recordStreamEndedSlow() { state.withLock { $0.streamsEndedSlow &+= 1 } }

    func families(
        inFlight: Int, streams: Int, connections: Int, clients: Int, answerBytes: Int
    ) -> [MetricFamily] {
        let now = state.withLock {
            (
                $0.requests, $0.timings, $0.bodyBytes, $0.malformed, $0.stalled, $0.streamsEndedSlow,
                $0.refusedConnections, $0.shutSources
            )
        }
        let requests = now.0.sorted { ($0.key.operation, $0.key.status) < ($1.key.operation, $1.key.status) }
        let timings = now.1.sorted { $0.key < $1.key }
        func one(_ value: Double) -> [MetricSample] { [MetricSample(value)] }
        return [
            MetricFamily(
                "commonwatt_http_requests_total", "Answers by operation and status; many 429 or 503 mean overload.",
                .counter(
                    requests.map {
                        MetricSample(
                            Double($0.value),
                            [MetricLabel("operation", $0.key.operation), MetricLabel("status", String($0.key.status))])
                    })),
            MetricFamily(
                "commonwatt_http_request_duration_seconds", "From the head of a request to its answer, waits included.",
                .histogram(
                    timings.map {
                        HistogramSample(
                            labels: [MetricLabel("operation", $0.key)], bounds: HTTPMetrics.bounds,
                            counts: $0.value.counts, sum: $0.value.sum)
                    })),
            MetricFamily(
                "commonwatt_http_answer_bytes_held",
                "Bytes of answers that clients have not taken yet, and what is set aside for those in work.",
                .gauge(one(Double(answerBytes)))),
            MetricFamily("commonwatt_http_body_bytes_total", "Bytes of request bodies.", .counter(one(Double(now.2)))),
            MetricFamily(
                "commonwatt_http_malformed_total", "Connections that sent something other than HTTP.",
                .counter(one(Double(now.3)))),
            MetricFamily(
                "commonwatt_http_stalled_total", "Connections cut because the client took nothing.",
                .counter(one(Double(now.4)))),
            MetricFamily(
                "commonwatt_http_connections_refused_total",
                "Connections of addresses that asked far more than they may, refused before TLS and HTTP.",
                .counter(one(Double(now.6)))),
            MetricFamily(
                "commonwatt_http_sources_shut_total",
                "Times that the kernel was told to drop a source's packets for two seconds, after 50 such connections in one.",
                .counter(one(Double(now.7)))),
            MetricFamily(
                "commonwatt_http_streams_slow_total", "Event streams ended because the client fell behind.",
                .counter(one(Double(now.5)))),
            MetricFamily(
                "commonwatt_http_requests_in_flight", "Requests being worked on.", .gauge(one(Double(inFlight)))),
            MetricFamily("commonwatt_http_streams", "Open event streams.", .gauge(one(Double(streams)))),
            MetricFamily("commonwatt_http_connections", "Open connections.", .gauge(one(Double(connections)))),
            MetricFamily(
                "commonwatt_http_clients", "Client addresses that the rate limit remembers.",
                .gauge(one(Double(clients)))),
        ]
    }
}
