internal import Chain
internal import Primitives
internal import Replica
internal import Transport

extension NodeRuntime: PeerNetworkReceiver {
    package func linkUp(_ peer: Digest) {
        published.withLockedValue { $0.connected = ($0.connected + [peer]).sorted() }
        mailbox.post(.event(.connected(peer)), isUrgent: true)
    }

    package func linkDown(_ peer: Digest) {
        published.withLockedValue { $0.connected.removeAll { $0 == peer } }
        mailbox.post(.event(.disconnected(peer)), isUrgent: true)
        data.forget(peer)
    }

    /// On the transport's event loop: hand over and return.
    package func received(_ message: ReceivedMessage) {
        switch message.channel {
        case PeerChannel.replica:
            if PeerMessage.isGossip(message.bytes) {
                workers.submit { [self] in admit(message) }
            } else {
                mailbox.post(.received(message), isUrgent: true)
            }
        case PeerChannel.data: receiveData(message)
        default: break
        }
    }

    /// On a worker: decodes gossip and checks its signatures. Wrong ones are left out and counted.
    private func admit(_ message: ReceivedMessage) {
        guard let decoded = try? PeerMessage.decode(message.bytes), case .transactions(let transactions) = decoded
        else {
            counters.withLockedValue { $0.malformedMessages += 1 }
            return
        }
        workers.map(transactions) {
            SignedTransaction(verifying: $0)
        } done: { [self] checked in
            let good = checked.compactMap { $0 }
            if good.count < checked.count {
                counters.withLockedValue { $0.badSignatures += UInt64(checked.count - good.count) }
            }
            if !good.isEmpty { mailbox.post(.gossip(good, message), isUrgent: false) }
        }
    }
}
