internal import DataLake
internal import DataSets
internal import Primitives

/// Short-lived links to granted reads, in memory: a link is a bearer's right to one request for a few minutes, and the
/// request is judged again whenever the link is followed.
actor DownloadLinks {
    static let lifetimeMilliseconds: UInt64 = 300_000
    static let linksMax = 16_384
    static let linksPerAccountMax = 256

    struct Link: Sendable {
        let request: ReadRequest
        let expires: Timestamp
    }

    private var links: [Digest: Link] = [:]
    private var counts: [Digest: Int] = [:]

    /// A new link; nil when there are too many.
    func make(_ request: ReadRequest, now: Timestamp) -> (token: Digest, expires: Timestamp)? {
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
        links[token] = Link(request: request, expires: expires)
        counts[request.account, default: 0] += 1
        return (token, expires)
    }

    /// The request behind a link; nil when there is none, or its time is over.
    func request(_ token: Digest, now: Timestamp) -> ReadRequest? {
        guard let link = links[token], now < link.expires else { return nil }
        return link.request
    }

    private func expire(_ now: Timestamp) {
        links = links.filter { now < $0.value.expires }
        counts = links.values.reduce(into: [:]) { $0[$1.request.account, default: 0] += 1 }
    }
}
