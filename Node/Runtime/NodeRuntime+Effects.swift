internal import Chain
internal import Logging
internal import Primitives
internal import Replica
internal import Storage
internal import Transport

extension NodeRuntime {
    /// Hands the effects of one step on, in order. Only the replica's thread calls it.
    func perform(_ effects: [ReplicaEffect]) {
        var outgoing: [OutgoingMessage] = []
        for effect in effects {
            switch effect {
            case .journal(let bytes, let sequence, let sync):
                journal?.submit(.append(JournalEntry(sequence: sequence, payload: bytes), sync: sync))
            case .pruneJournal(let sequence): journal?.submit(.prune(sequence))
            case .store(let batch, let sequence): storage?.submit(StoreWork(batch: batch, sequence: sequence))
            case .send(let message, let peers):
                outgoing.append(OutgoingMessage(channel: PeerChannel.replica, bytes: message.bcs, peers: peers))
            case .finalized(let block): finalized(block)
            case .answered(let ticket, let refusals): tickets.answer(ticket, refusals)
            case .dropped(let dropped): tracker.drop(dropped.map(\.digest))
            case .evidence(let evidence):
                counters.withLockedValue { $0.evidence += 1 }
                onEvidence(evidence)
            case .wake(let time): wakeAt = time
            case .note(let note): logger.log(level: NodeRuntime.level(note.level), "\(note.text)")
            case .halt(let why): halt(why)
            }
        }
        network?.send(outgoing)
    }

    private static func level(_ level: ReplicaNote.Level) -> Logger.Level {
        switch level {
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }

    private func finalized(_ final: FinalizedBlock) {
        // Readers that are woken must find the block.
        let view = replica.view
        published.withLockedValue { $0.view = view }
        let latencies = tracker.finalize(final)
        let rejected = final.receipts.count { $0.rejection != nil }
        counters.withLockedValue { counters in
            counters.finalizedBlocks += 1
            counters.finalizedTransactions += UInt64(final.block.transactions.count)
            counters.rejectedTransactions += UInt64(rejected)
            for latency in latencies { counters.finalityLatency.add(latency) }
        }
        if final.block.header.closesEpoch { updatePeers(final.validators) }
    }

    /// A new validator set: its members may connect and are dialled; links of others are closed.
    private func updatePeers(_ validators: ValidatorSet) {
        network?.setAllowed(allowedPeers(validators))
        network?.setAddresses(peerAddresses(validators))
    }

    func allowedPeers(_ validators: ValidatorSet) -> [PeerID: String] {
        var allowed = configuration.fullNodes
        for validator in validators.validators { allowed[validator.transportKey] = validator.partner }
        allowed[peer] = nil
        return allowed
    }

    func peerAddresses(_ validators: ValidatorSet) -> [PeerAddress] {
        configuration.addresses.compactMap { address in
            guard let index = validators.index(ofPartner: address.partner) else { return nil }
            let key = validators.validators[index].transportKey
            return key == peer ? nil : PeerAddress(peer: key, host: address.host, port: address.port)
        }
    }

    func peerConfiguration() -> PeerNetworkConfiguration {
        let validators = replica.view.validators
        var made = PeerNetworkConfiguration(network: configuration.genesis.network, identity: configuration.identity)
        made.host = configuration.listenHost
        made.port = configuration.listenPort
        made.allowed = allowedPeers(validators)
        made.addresses = peerAddresses(validators)
        return made
    }
}

/// Channels of the peer links.
package enum PeerChannel {
    /// `PeerMessage`s between replicas.
    package static let replica: UInt8 = 0
    /// Requests of the data lake and the attesters.
    package static let data: UInt8 = 1
}
