internal import Chain
internal import Duties
internal import Foundation
internal import LedgerCrypto
internal import LedgerState
internal import NodeClient
internal import NodeRuntime
internal import Primitives
internal import RPC
internal import Replica
internal import Transport

extension RuntimeService {
    /// Age of the newest final block beyond which a node is not ready: three heartbeats and two seconds.
    private var staleMilliseconds: UInt64 { 3 * UInt64(genesis.parameters.heartbeatMilliseconds) + 2_000 }

    func status() async -> NodeStatus {
        let snapshot = await node.snapshot()
        let view = node.view
        let now = Timestamp.wallClock.milliseconds
        let age = now - min(now, view.tip.time.milliseconds)
        let replaced = keysReplaced(view.validators, view.epoch)
        let (isReady, summary) = words(snapshot, tip: view.tip.height, age: age, replaced: replaced)
        var warnings: [String] = []
        for text in [snapshot.abstention, replaced, snapshot.waitingFor].compactMap({ $0 }) where text != summary {
            warnings.append(text)
        }
        if !snapshot.refusedBy.isEmpty {
            warnings.append(
                "The transport key of this node is refused by \(snapshot.refusedBy.joined(separator: ", ")): there, 'peers' or 'full-nodes' must name \(node.peer)."
            )
        }
        if let others = snapshot.otherRules { warnings.append(others) }
        if snapshot.status.isDiverged {
            warnings.append("This node found a certified block invalid: compare its release and disk with the others'.")
        }
        if await reporter.isKeyMisused {
            warnings.append(
                "Votes with this node's key contradict each other: another process uses it. Stop one of them.")
        }
        if let base = try? view.base(), base.value > 0 {
            warnings.append("This node began with the state of block \(base): older blocks are at other nodes.")
        }
        let own = node.configuration.key.flatMap { view.validators.index(of: $0.publicKey) }
        let peers = expected(snapshot.peers, isValidator: own != nil)
        let down = peers.filter { !$0.isConnected }.map(\.name)
        if !down.isEmpty { warnings.append("No link to \(down.joined(separator: ", ")).") }
        return NodeStatus(
            ready: isReady, summary: summary, network: genesis.network, networkName: genesis.name,
            version: BuildInfo.version, rules: snapshot.rules, partner: partner,
            validatorIndex: own.map { UInt16(clamping: $0) }, finalHeight: view.tip.height, finalBlock: view.tip.digest,
            finalTime: view.tip.time, stateRoot: view.tip.stateRoot, epoch: snapshot.status.epoch,
            view: snapshot.status.view, networkHeight: snapshot.networkHeight,
            poolTransactions: UInt64(snapshot.status.poolTransactions),
            uptimeSeconds: UInt64(max(0, Date().timeIntervalSince(started))),
            peers: peers.map {
                PeerStatus(
                    name: $0.name, connected: $0.isConnected, finalHeight: $0.height,
                    rules: $0.isConnected ? $0.rules : nil)
            },
            warnings: warnings)
    }

    /// Peers that matter to an operator: a validator should be linked to all others, a node that follows only to those
    /// that it was told to dial.
    private func expected(_ peers: [PeerState], isValidator: Bool) -> [PeerState] {
        let dialled = Set(node.configuration.peers.filter { $0.host != nil }.map(\.name))
        return peers.filter { $0.isConnected || (isValidator && $0.isValidator) || dialled.contains($0.name) }
    }

    /// After a rotation the old node goes on with keys that count no more; it cannot tell a rotation from a wrong folder.
    private func keysReplaced(_ validators: ValidatorSet, _ epoch: Epoch) -> String? {
        guard let key = node.configuration.key?.publicKey, let index = validators.index(ofPartner: partner),
            validators.validators[index].consensusKey != key
        else { return nil }
        return
            "This node does not vote: in epoch \(epoch) the validator of \(partner) has other keys. After `gov rotate`, stop this node and start with the new keys and a new data folder; else correct 'keys', or set 'validator: false'."
    }

    /// Whether the node can be relied on, and what it does or waits for.
    private func words(
        _ snapshot: NodeSnapshot, tip: Height, age: UInt64, replaced: String?
    ) -> (Bool, String) {
        if let halted = snapshot.halted { return (false, "The node has halted: \(halted)") }
        if let progress = snapshot.status.snapshot { return (false, snapshot.words(progress) + ".") }
        if tip == Height(0) { return (false, beforeBlockOne(snapshot)) }
        if snapshot.status.isSyncing {
            return (false, "Catching up: at block \(tip), the network is at \(snapshot.networkHeight).")
        }
        if let waiting = snapshot.waitingFor { return (false, waiting) }
        if age > staleMilliseconds { return (false, "No block has become final for \(age / 1000) s.") }
        let step = "In step with the network at block \(tip)"
        if snapshot.abstention != nil || replaced != nil { return (true, "\(step), but this node does not vote.") }
        return (true, "\(step), \(snapshot.leader) proposes next.")
    }

    private func beforeBlockOne(_ snapshot: NodeSnapshot) -> String {
        let now = Timestamp.wallClock.milliseconds
        let ahead = genesis.time.milliseconds - min(genesis.time.milliseconds, now)
        if ahead > UInt64(genesis.parameters.clockSkewMillisecondsMax) {
            return
                "No block can be made yet: by the genesis, block 0 is of \(genesis.time.text), which lies ahead of this computer's clock (\(Timestamp.wallClock.text))."
        }
        if let why = snapshot.abstention ?? snapshot.waitingFor { return why }
        if snapshot.peers.allSatisfy({ !$0.isConnected }), genesis.validators.count > 1 {
            return "The node starts: no link to any other node yet, and no block."
        }
        return "The network starts: no block is final yet."
    }

    func metrics() async -> [MetricFamily] {
        let snapshot = await node.snapshot()
        let counters = snapshot.counters
        let reports = await reporter.counters
        let view = node.view
        let now = Date().timeIntervalSince1970 * 1000
        func total(_ name: String, _ help: String, _ value: UInt64) -> MetricFamily {
            MetricFamily("commonwatt_\(name)_total", help, .counter([MetricSample(Double(value))]))
        }
        func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
            MetricFamily("commonwatt_\(name)", help, .gauge([MetricSample(value)]))
        }
        func histogram(_ name: String, _ help: String, _ value: LatencyHistogram) -> MetricFamily {
            MetricFamily(
                "commonwatt_\(name)_seconds", help,
                .histogram([
                    HistogramSample(
                        bounds: LatencyHistogram.boundsMicroseconds.map { Double($0) / 1e6 }, counts: value.counts,
                        sum: Double(value.sumMicroseconds) / 1e6)
                ]))
        }
        let settlement = await settlement()
        return [
            gauge("final_height", "Height of the newest final block here.", Double(view.tip.height.value)),
            gauge(
                "final_age_seconds", "Age of the newest final block; above a few heartbeats the chain stands.",
                max(0, now - Double(view.tip.time.milliseconds)) / 1000),
            gauge(
                "network_height", "Highest final height that a peer has reported.", Double(snapshot.networkHeight.value)
            ),
            gauge("epoch", "Epoch of the consensus.", Double(snapshot.status.epoch.value)),
            gauge("view", "View of the consensus; grows fast when leaders fail.", Double(snapshot.status.view.value)),
            gauge("peers_connected", "Links to other nodes.", Double(snapshot.peers.count { $0.isConnected })),
            gauge(
                "peers_other_rules", "Linked nodes that execute blocks by other rules; above 0 during upgrades only.",
                Double(snapshot.peersWithOtherRules.count)),
            gauge("pool_transactions", "Transactions that wait.", Double(snapshot.status.poolTransactions)),
            gauge("pool_bytes", "Bytes of the transactions that wait.", Double(snapshot.status.poolBytes)),
            gauge(
                "abstaining", "1 when this validator does not vote, because its journal is lost or was not prepared.",
                snapshot.abstention == nil ? 0 : 1),
            gauge(
                "state_held_bytes", "Memory of lately written state that is stored as well, at most 128 MiB.",
                Double(view.state.heldBytes)),
            gauge(
                "unfinalized_blocks", "Executed blocks that are not final yet.",
                Double(snapshot.status.unfinalizedBlocks)),
            gauge(
                "diverged", "1 when this node's state contradicts a certificate.", snapshot.status.isDiverged ? 1 : 0),
            total("final_blocks", "Blocks that became final since the start.", counters.finalBlocks),
            total("final_transactions", "Transactions in final blocks since the start.", counters.finalTransactions),
            total("submitted_transactions", "Transactions that clients sent here.", counters.submitted),
            total("refused_transactions", "Transactions of clients that were not pooled.", counters.refused),
            total("gossiped_transactions", "Transactions that peers sent.", counters.gossiped),
            total("signatures_checked", "Signature checks.", counters.signaturesChecked),
            total(
                "signatures_wrong", "Wrong signatures; many mean a faulty or hostile sender.", counters.signaturesWrong),
            total("malformed_messages", "Peer messages that could not be read.", counters.malformedMessages),
            total("evidence", "Proofs of double votes found here.", counters.evidence),
            total("views_entered", "Views entered.", counters.viewsEntered),
            total("journal_bytes", "Bytes written to the journal.", counters.journalBytes),
            total("journal_groups", "Synced writes of the journal.", counters.journalGroups),
            total("store_batches", "Checkpoints written.", counters.storeBatches),
            total("pruned_records", "Records of old states removed from the store.", counters.prunedRecords),
            gauge(
                "pruned_below_height", "Oldest state that is kept; 0 while nothing was removed since the start.",
                Double(counters.prunedBelow)),
            histogram("prune_step", "Time of one step of removing old states.", counters.pruneStep),
            total("peer_bytes_sent", "Bytes sent to peers.", snapshot.transport.bytesSent),
            total("peer_bytes_received", "Bytes received from peers.", snapshot.transport.bytesReceived),
            gauge(
                "reports_due", "Reports to Governance that this node owes and that are not final.", Double(reports.due)),
            total("reports_final", "Reports to Governance that became final.", reports.final),
            total("reports_failed", "Attempts that were refused or rejected; each is tried again.", reports.failed),
            histogram("journal_sync", "Time of one synced journal write.", counters.journalSync),
            histogram("replica_step", "Time of one step of the replica.", counters.step),
            histogram("finality", "From a client's wait to finality.", counters.finality),
        ] + settlement
    }
}
