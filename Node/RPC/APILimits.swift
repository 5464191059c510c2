/// The counters behind all limits, shared by the connections of one server.
final class APILimits: Sendable {
    let rate: RateLimiter?
    let requests: Capacity
    let bodyBytes: Capacity
    let streams: Capacity
    let connections: Capacity
    let metrics = HTTPMetrics()

    init(_ configuration: APIConfiguration) {
        rate = configuration.rateLimit.map { RateLimiter($0, now: .now) }
        requests = Capacity(max: configuration.requestsInFlightMax)
        bodyBytes = Capacity(
            max: configuration.bodyBytesInFlightMax, perClientMax: configuration.bodyBytesPerClientMax)
        streams = Capacity(max: configuration.eventStreamsMax, perClientMax: configuration.eventStreamsPerClientMax)
        connections = Capacity(
            max: configuration.connectionsMax, perClientMax: configuration.connectionsPerClientMax)
    }

    var families: [MetricFamily] {
        metrics.families(
            inFlight: requests.count, streams: streams.count, connections: connections.count,
            clients: rate?.clientCount ?? 0)
    }
}
