internal import Logging
internal import NIOCore
internal import Primitives

/// Says whether a refusal may be logged: each key once a minute, and a few keys a minute in all, since strangers can make
/// any number of them. Belongs to the event loop.
struct RefusalLog {
    static let keysMax = 8
    static let quietMilliseconds: Int64 = 60_000
    private var noted: [Digest: NIODeadline] = [:]

    mutating func admits(_ key: Digest, at now: NIODeadline = .now()) -> Bool {
        noted = noted.filter { $0.value + .milliseconds(RefusalLog.quietMilliseconds) > now }
        guard noted[key] == nil, noted.count < RefusalLog.keysMax else { return false }
        noted[key] = now
        return true
    }
}

extension PeerNetwork {
    /// A certificate was not accepted. Whether its sender has the key is not known at this moment.
    func noteRefused(_ key: Digest, of link: Link) {
        guard !isStopped, key != peer, shunned[key] == nil, refusals.admits(key) else { return }
        let place = link.snapshot.address
        if let dialled = link.dialled {
            logger.warning(
                "\(place) shows the transport key \(key), which is not that of \(name(dialled)) (\(dialled)): no link. Compare the key in the genesis or in 'peers' with `commonwatt keys show` of that node."
            )
        } else {
            logger.warning(
                "a node at \(place) is not let in: no setting here names its transport key \(key). If a partner confirms the key (`commonwatt keys show`), add 'PARTNER: \(key)@HOST:PORT' to 'peers', or the key to 'full-nodes', and restart."
            )
        }
    }

    /// A dialled peer ended the handshake because it does not accept this node's certificate.
    func noteIfRefused(_ link: Link, by error: any Error) {
        guard !isStopped, !link.isUp, let dialled = link.dialled, let dial = dials[dialled] else { return }
        // TLS tells it as an alert, whose name the library gives in the error's text only.
        guard "\(error)".contains("ALERT_CERTIFICATE_UNKNOWN") else { return }
        dial.isRefused = true
        guard refusals.admits(dialled) else { return }
        logger.warning(
            "\(name(dialled)) at \(dial.address.host):\(dial.address.port) refuses this node's transport key \(peer): its operator adds 'PARTNER: \(peer)@HOST:PORT' to 'peers', or the key to 'full-nodes', and restarts."
        )
    }
}
