internal import DataLake
internal import DataSets
internal import LedgerCrypto
internal import Primitives

/// Short-lived links to granted reads, in memory: a link is a bearer's right to one request for a few minutes, and the
/// request is judged again whenever the link is followed.
///
/// A signed request has one link, which is followed at most `ReadRequest.answersMax` times: a signature backs so many
/// logged accesses and no more. The link outlives the time in which the request would be taken again.
actor DownloadLinks {
    static let lifetimeMilliseconds: UInt64 = 300_000
    static let linksMax = 16_384
    static let linksPerAccountMax = 256

    private struct Link {
        let request: ReadRequest
        let digest: Digest
        let expires: Timestamp
        var follows = 0
    }

    /// What following a link leads to.
    enum Target: Sendable {
        case request(ReadRequest)
        case unknown
        /// It was followed as often as one request is answered.
        case used
    }

    private var links: [Digest: Link] = [:]
    /// Tokens by the digest of the whole signed request.
    private var tokens: [Digest: Digest] = [:]
    private var counts: [Digest: Int] = [:]

    /// The link of a request, a new one unless it has one; nil when there are too many.
    func make(_ request: ReadRequest, now: Timestamp) -> (token: Digest, expires: Timestamp)? {
        // Without the signature: one request may be signed in more than one way.
        let digest = request.signingDigest(network: .zero)
        if let token = tokens[digest], let link = links[token], now < link.expires { return (token, link.expires) }
        if links.count >= DownloadLinks.linksMax
            || counts[request.account, default: 0] >= DownloadLinks.linksPerAccountMax
        {
            expire(now)
        }
        guard links.count < DownloadLinks.linksMax,
            counts[request.account, default: 0] < DownloadLinks.linksPerAccountMax,
            let token = Digest((0..<Digest.byteCount).map { _ in UInt8.random(in: 0...255) })
        else { return nil }
        let expires = now.adding(milliseconds: DownloadLinks.lifetimeMilliseconds)
        links[token] = Link(request: request, digest: digest, expires: expires)
        tokens[digest] = token
        counts[request.account, default: 0] += 1
        return (token, expires)
    }

    /// Follows a link, which counts.
    func follow(_ token: Digest, now: Timestamp) -> Target {
        guard let link = links[token], now < link.expires else { return .unknown }
        guard link.follows < ReadRequest.answersMax else { return .used }
        links[token]?.follows += 1
        return .request(link.request)
    }

    private func expire(_ now: Timestamp) {
        links = links.filter { now < $0.value.expires }
        tokens = tokens.filter { links[$0.value] != nil }
        counts = links.values.reduce(into: [:]) { $0[$1.request.account, default: 0] += 1 }
    }
}
