/// The counters behind all limits, shared by the connections of one server.
final class APILimits: Sendable {
    let rate: RateLimiter?
    let requests: Capacity
    let bodyBytes: Capacity
    /// Of answers between being made and being on their way to the client.
    let answerBytes: Capacity
    let streams: Capacity
    let connections: Capacity
    /// Connections that were refused and are kept for a moment.
    let heldConnections: Capacity
    let presences = ClientPresences()
    let metrics = HTTPMetrics()
    /// Connections are a proxy's, which bounds its own clients.
    private let isBehindProxy: Bool
    let shutsThisMachine: Bool

    init(_ configuration: APIConfiguration) {
        rate = configuration.rateLimit.map { limit in
            var limit = limit
            if configuration.tls != nil { limit.connectionTokens = limit.connectionTokensTLS }
            return RateLimiter(limit, now: .now)
        }
        requests = Capacity(
            max: configuration.requestsInFlightMax, perClientMax: configuration.requestsPerClientMax,
            thisMachineMax: configuration.requestsOfThisMachineMax)
        bodyBytes = Capacity(
            max: configuration.bodyBytesInFlightMax, perClientMax: configuration.bodyBytesPerClientMax)
        streams = Capacity(max: configuration.eventStreamsMax, perClientMax: configuration.eventStreamsPerClientMax)
        answerBytes = Capacity(
            max: configuration.answerBytesInFlightMax, perClientMax: configuration.answerBytesPerClientMax,
            thisMachineMax: configuration.answerBytesOfThisMachineMax)
        heldConnections = Capacity(max: configuration.heldConnectionsMax)
        isBehindProxy = configuration.trustsForwardedFor
        shutsThisMachine = configuration.rateLimit?.shutsThisMachine ?? false
        connections = Capacity(
            max: configuration.connectionsMax,
            perClientMax: isBehindProxy ? .max : configuration.connectionsPerClientMax,
            thisMachineMax: isBehindProxy ? .max : configuration.connectionsOfThisMachineMax)
    }

    /// Whether a connection that was just accepted is to be served.
    func admits(_ address: String) -> Bool {
        guard let rate, !isBehindProxy else { return true }
        return rate.connect(ClientAddress.bucket(address), now: .now)
    }

    var families: [MetricFamily] {
        metrics.families(
            inFlight: requests.count, streams: streams.count, connections: connections.count,
            clients: rate?.clientCount ?? 0, answerBytes: answerBytes.count)
    }
}
