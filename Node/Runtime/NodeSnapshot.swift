internal import Chain
package import Primitives
package import Replica
package import Transport

/// A node's state at one moment, for people and monitors.
package struct NodeSnapshot: Sendable {
    package let status: ReplicaStatus
    package let tip: Digest
    package let stateRoot: Digest
    /// Partner whose turn it is to propose.
    package let leader: String
    /// Ascending by name.
    package let peers: [PeerState]
    /// Highest final height that a peer has claimed, or the own one.
    package let networkHeight: Height
    package let viewMilliseconds: UInt64
    /// Why nothing becomes final, naming the missing validators; nil when all is well.
    package let waitingFor: String?
    /// Why this validator does not vote, and what to do; nil when it votes, and for a node that follows.
    package let abstention: String?
    /// Rules by which this node executes blocks; nil when it was not told.
    package let rules: Digest?
    /// Names of dialled peers that refuse this node's transport key.
    package let refusedBy: [String]
    /// Why the node has halted, nil while it runs.
    package let halted: String?
    package let transport: TransportCounters
    package let counters: NodeCounters
}

extension NodeSnapshot {
    /// Linked peers that say that they run other rules.
    package var peersWithOtherRules: [PeerState] {
        guard let rules else { return [] }
        return peers.filter { $0.isConnected && ($0.rules ?? rules) != rules }
    }

    /// That and what to do about it, for an operator; nil when there are none.
    package var otherRules: String? {
        guard let rules else { return nil }
        let others = peersWithOtherRules.compactMap { peer in peer.rules.map { (peer.name, $0) } }
        return others.isEmpty ? nil : RulesExchange.words(others, own: rules)
    }

    /// Silence after which a connected validator counts as missing, beyond the heartbeat.
    static let silenceMillisecondsMax: UInt64 = 5_000

    static func peers(_ page: PeerBook.Page, _ validators: ValidatorSet, _ links: [LinkSnapshot]) -> [PeerState] {
        let now = Clock.monotonicMilliseconds
        let keys = Set(validators.validators.map(\.transportKey))
        let byPeer = Dictionary(links.map { ($0.peer, $0) }, uniquingKeysWith: { first, _ in first })
        return page.names.map { peer, name in
            let entry = page.entries[peer] ?? PeerBook.Entry()
            return PeerState(
                peer: peer, name: name, isValidator: keys.contains(peer), isConnected: entry.isConnected,
                address: byPeer[peer]?.address, height: entry.height, epoch: entry.epoch, view: entry.view,
                silenceMilliseconds: entry.heardAt.map { now - min(now, $0) }, isAbstaining: entry.isAbstaining,
                rules: entry.rules,
                roundTripMicroseconds: byPeer[peer]?.roundTripMicroseconds)
        }.sorted { ($0.name, $0.peer) < ($1.name, $1.peer) }
    }

    /// How the taking over of a state goes, in plain words.
    package func words(_ progress: SnapshotProgress) -> String { NodeSnapshot.words(progress, peers) }

    private static func words(_ progress: SnapshotProgress, _ peers: [PeerState]) -> String {
        let name = progress.source.map { source in peers.first { $0.peer == source }?.name ?? source.short }
        let from = name.map { " from \($0)" } ?? ""
        let height = progress.height
        switch progress.stage {
        case .erasing:
            return "The node removes what came of the state of block \(height), which could not be taken over"
        case .replayWindow:
            return
                "Far behind: the node takes over the state of block \(height)\(from), now the transactions of the blocks before it"
        case .leaves:
            return
                "Far behind: the node takes over the state of block \(height)\(from), \(progress.leaves) values so far (about \(progress.percent) %)"
        case .clearing:
            return "The state of block \(height) is here and checked; the node removes its older one"
        }
    }

    /// Why a validator of the current set does not vote: its journal does not hold what it voted.
    static func abstention(_ page: PeerBook.Page, networkHeight: Height) -> String? {
        guard let status = page.status, status.isValidator, !status.isJournalTrusted else { return nil }
        let why = page.journalLoss ?? "its journal does not say how far it has voted"
        let begin = "This node abstains from voting: \(why)."
        guard networkHeight == Height(0) else {
            return begin
                + " It votes again by itself, once enough other validators have told it how far it may have voted."
        }
        return begin
            + " On a new network, whose keys never voted: stop the node, move its data folder away, run"
            + " `commonwatt genesis prepare --config FILE` and start it again."
    }

    /// Plain words for an operator whose chain stands still; nil while the view is young. `finalMilliseconds` is the age of the
    /// newest final block, nil before block 1.
    static func waiting(
        _ page: PeerBook.Page, _ peers: [PeerState], _ validators: ValidatorSet, own: Digest, leader: String,
        parameters: ChainParameters, finalMilliseconds: UInt64?
    ) -> String? {
        if let halted = page.halted { return halted }
        guard let status = page.status else { return "The node is starting." }
        if let progress = status.snapshot { return words(progress, peers) + "." }
        if status.isSyncing { return "The node is fetching blocks from its peers (at height \(status.height))." }
        let age = Clock.monotonicMilliseconds - min(Clock.monotonicMilliseconds, page.viewSince)
        let patience = UInt64(parameters.heartbeatMilliseconds) + silenceMillisecondsMax
        guard age > patience else { return nil }
        guard status.isValidator else { return silence(peers, seconds: age / 1000) }
        let missing = missing(page, peers, validators, own: own, patience: patience)
        let active = validators.count - missing.count
        let head =
            finalMilliseconds.map { "No block has become final for \($0 / 1000) s" } ?? "No block is final yet"
        let names = missing.isEmpty ? "" : " Missing: \(missing.joined(separator: ", "))."
        if active < validators.quorum {
            return
                "\(head): \(missing.count) of \(validators.count) validators are missing, and \(validators.quorum) must take part.\(names)"
        }
        return
            "\(head), though \(active) of \(validators.count) validators are heard and \(validators.quorum) suffice: look at their logs (view \(status.view) of epoch \(status.epoch), led by \(leader)).\(names)"
    }

    /// Validators that take no part, each with the reason.
    private static func missing(
        _ page: PeerBook.Page, _ peers: [PeerState], _ validators: ValidatorSet, own: Digest, patience: UInt64
    ) -> [String] {
        validators.validators.compactMap { validator in
            let name = validator.partner
            if validator.transportKey == own {
                return page.status?.isJournalTrusted == false ? "\(name) (this node, which abstains)" : nil
            }
            guard let peer = peers.first(where: { $0.peer == validator.transportKey }), peer.isConnected else {
                return "\(name) (no link)"
            }
            guard let silence = peer.silenceMilliseconds, silence < patience else {
                return "\(name) (linked, but silent)"
            }
            return peer.isAbstaining ? "\(name) (abstains: its journal is lost or was not prepared)" : nil
        }
    }

    /// A node that follows hears the chain through a few peers and cannot tell which validators are missing.
    private static func silence(_ peers: [PeerState], seconds: UInt64) -> String {
        let linked = peers.filter(\.isConnected).map(\.name)
        guard !linked.isEmpty else { return "No link to any node, so nothing is heard of the chain." }
        return
            "Nothing new for \(seconds) s from \(linked.joined(separator: ", ")): ask there, or name more peers in the settings."
    }
}
