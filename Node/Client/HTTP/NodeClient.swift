internal import AsyncHTTPClient
internal import Chain
package import LightClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
package import Primitives
internal import Synchronization

/// Talks to the nodes of a network: sends what it is asked to send to one node, and to the next when that one does not
/// answer. Reads can be verified against the genesis, so that no node has to be trusted. Safe to use from many tasks.
package final class NodeClient: Sendable {
    /// Base addresses in order of preference, without a slash at the end.
    package let nodes: [String]
    package let configuration: NodeClientConfiguration
    let http: HTTPClient
    /// What the client was made with; nil: it cannot verify.
    let base: TrustAnchor?
    private let state: Mutex<State>

    private struct State {
        /// Index of the node that answered last.
        var preferred = 0
        var anchor: TrustAnchor?
    }

    /// `anchor` is what verified reads rest on: `TrustAnchor(genesis)`, or a kept newer one. Call `shutdown` at the end.
    package init(
        nodes: [String], anchor: TrustAnchor? = nil, configuration: NodeClientConfiguration = .init()
    ) throws(ClientError) {
        guard !nodes.isEmpty else { throw .badAddress("an empty list") }
        var bases: [String] = []
        for node in nodes {
            guard node.hasPrefix("http://") || node.hasPrefix("https://"),
                node.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !node.contains("?"), !node.contains("#")
            else { throw .badAddress(node) }
            bases.append(node.hasSuffix("/") ? String(node.dropLast()) : node)
        }
        self.nodes = bases
        self.configuration = configuration
        base = anchor
        state = Mutex(State(anchor: anchor))
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .milliseconds(configuration.connectMilliseconds),
                read: .milliseconds(configuration.readMilliseconds)))
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connectionsPerNodeMax
        settings.localAddress = configuration.localAddress
        if let file = configuration.authoritiesFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.additionalTrustRoots = [.file(file)]
            settings.tlsConfiguration = tls
        }
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    package func shutdown() async throws { try await http.shutdown() }

    /// What verified reads rest on now; it moves forward with every verified proof. Keep it for the next start.
    package var anchor: TrustAnchor? { state.withLock { $0.anchor } }

    /// The lowest height whose newest state is believed: that of a kept anchor, so that no node shows an older state than the
    /// one that was seen before. 0 when the client began with the genesis.
    package var floor: Height {
        guard let base, base.header != nil else { return Height(0) }
        return base.height
    }

    /// The same for reads that are verified: without it there is nothing to verify from.
    package func trusted() throws(ClientError) -> TrustAnchor {
        guard let anchor else {
            throw .badAnswer(node: "this client", "it was made without a genesis, so it cannot verify")
        }
        return anchor
    }

    package func advance(to anchor: TrustAnchor) {
        state.withLock { state in
            guard let known = state.anchor else { return }
            if (anchor.epoch, anchor.height) > (known.epoch, known.height) { state.anchor = anchor }
        }
    }

    /// The nodes, the one that answered last first.
    var order: [Int] {
        let first = state.withLock { $0.preferred }
        return nodes.indices.map { (first + $0) % nodes.count }
    }

    func prefer(_ index: Int) { state.withLock { $0.preferred = index } }
}
