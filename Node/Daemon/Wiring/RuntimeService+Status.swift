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
        let (isReady, summary) = words(snapshot, tip: view.tip.height, age: age)
        var warnings: [String] = []
        if snapshot.status.isDiverged {
            warnings.append("This node found a certified block invalid: compare its release and disk with the others'.")
        }
        if await reporter.isKeyMisused {
            warnings.append(
                "Votes with this node's key contradict each other: another process uses it. Stop one of them.")
        }
        if let waiting = snapshot.waitingFor, isReady { warnings.append(waiting) }
        if let base = try? view.base(), base.value > 0 {
            warnings.append("This node began with the state of block \(base): older blocks are at other nodes.")
        }
        let own = node.configuration.key.flatMap { view.validators.index(of: $0.publicKey) }
        let peers = expected(snapshot.peers, isValidator: own != nil)
        let down = peers.filter { !$0.isConnected }.map(\.name)
        if !down.isEmpty { warnings.append("No link to \(down.joined(separator: ", ")).") }
        return NodeStatus(
            ready: isReady, summary: summary, network: genesis.network, networkName: genesis.name,
            version: BuildInfo.version, partner: partner,
            validatorIndex: own.map { UInt16(clamping: $0) }, finalHeight: view.tip.height, finalBlock: view.tip.digest,
            finalTime: view.tip.time, stateRoot: view.tip.stateRoot, epoch: snapshot.status.epoch,
            view: snapshot.status.view, networkHeight: snapshot.networkHeight,
            poolTransactions: UInt64(snapshot.status.poolTransactions),
            uptimeSeconds: UInt64(max(0, Date().timeIntervalSince(started))),
            peers: peers.map { PeerStatus(name: $0.name, connected: $0.isConnected, finalHeight: $0.height) },
            warnings: warnings)
    }

    /// Peers that matter to an operator: a validator should be linked to all others, a node that follows only to those
    /// that it was told to dial.
    private func expected(_ peers: [PeerState], isValidator: Bool) -> [PeerState] {
        let dialled = Set(node.configuration.peers.filter { $0.host != nil }.map(\.name))
        return peers.filter { $0.isConnected || (isValidator && $0.isValidator) || dialled.contains($0.name) }
    }

    private func words(_ snapshot: NodeSnapshot, tip: Height, age: UInt64) -> (Bool, String) {
        if let halted = snapshot.halted { return (false, "The node has halted: \(halted)") }
        if let progress = snapshot.status.snapshot { return (false, snapshot.words(progress) + ".") }
        if tip == Height(0) {
            return (false, snapshot.waitingFor ?? "The network starts: no block is final yet.")
        }
        if snapshot.status.isSyncing {
            return (false, "Catching up: at block \(tip), the network is at \(snapshot.networkHeight).")
        }
        if age > staleMilliseconds {
            return (false, snapshot.waitingFor ?? "No block has become final for \(age / 1000) s.")
        }
        return (true, "In step with the network at block \(tip), \(snapshot.leader) proposes next.")
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
            gauge("pool_transactions", "Transactions that wait.", Double(snapshot.status.poolTransactions)),
            gauge("pool_bytes", "Bytes of the transactions that wait.", Double(snapshot.status.poolBytes)),
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
