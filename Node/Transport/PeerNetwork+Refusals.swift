internal import Logging
internal import NIOCore
internal import Primitives

extension PeerNetwork {
    /// A certificate was not accepted. Whether its sender has the key is not known at this moment.
    func noteRefused(_ key: Digest, of link: Link) {
        guard !isStopped, key != peer, shunned[key] == nil, let more = refusals.admits(key) else { return }
        let place = link.snapshot.address
        if let dialled = link.dialled {
            logger.warning(
                "\(place) shows the transport key \(key), which is not that of \(name(dialled)) (\(dialled)): no link. Compare the key in the genesis or in 'peers' with `commonwatt keys show` of that node.\(more)"
            )
        } else {
            logger.warning(
                "a node at \(place) is not let in: no setting here names its transport key \(key). If a partner confirms the key (`commonwatt keys show`), add 'PARTNER: \(key)@HOST:PORT' to 'peers', or the key to 'full-nodes', and restart.\(more)"
            )
        }
    }

    /// A dialled peer ended the handshake because it does not accept this node's certificate.
    func noteIfRefused(_ link: Link, by error: any Error) {
        guard !isStopped, !link.isUp, let dialled = link.dialled, let dial = dials[dialled] else { return }
        // TLS tells it as an alert, whose name the library gives in the error's text only.
        guard "\(error)".contains("ALERT_CERTIFICATE_UNKNOWN") else { return }
        dial.isRefused = true
        guard let more = refusals.admits(dialled) else { return }
        logger.warning(
            "\(name(dialled)) at \(dial.address.host):\(dial.address.port) refuses this node's transport key \(peer): its operator adds 'PARTNER: \(peer)@HOST:PORT' to 'peers', or the key to 'full-nodes', and restarts.\(more)"
        )
    }

    /// A peer whose key is right greeted with another network's id.
    func noteForeign(_ link: Link, _ network: Digest) {
        guard let more = failures.admits(.foreign(link.peer)) else { return }
        logger.warning(
            "\(name(link.peer)) at \(link.snapshot.address) belongs to another network (\(network.short), this is \(configuration.network.short)): no link. Compare the genesis files; `commonwatt status` shows the network.\(more)"
        )
    }

    /// Whoever connects, and ends, again and again makes a few lines a minute of it. Strangers are logged for those who look
    /// closely.
    func logClosing(_ link: Link, _ reason: String) {
        let isKnown = link.dialled != nil || link.peer != .zero
        let peer = link.dialled ?? link.peer
        if link.isUp {
            guard let more = lines.admits(.closed(peer)) else { return }
            logger.info("link to \(name(link.peer)) closes: \(reason)\(more)")
        } else if link.wasAdmitted {
            guard let more = failures.admits(.surplus(peer)) else { return }
            logger.debug("a link to \(name(link.peer)) ends: \(reason)\(more)")
        } else if isKnown, !link.isForeign, dials[peer]?.isRefused != true {
            guard let more = failures.admits(.failed(peer)) else { return }
            logger.info("no link to \(name(peer)) at \(link.snapshot.address): \(reason)\(more)")
        } else {
            guard logger.logLevel <= .debug, let more = strangerLines.admits(link.host) else { return }
            logger.debug("a connection with \(link.snapshot.address) ends before a hello: \(reason)\(more)")
        }
    }
}
