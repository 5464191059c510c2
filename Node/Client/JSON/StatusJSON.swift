internal import Chain
internal import Primitives

extension JSONCoder where Value == PeerStatus {
    package static let peerStatus = JSONCoder.object(
        "PeerStatus", "One peer as this node sees it.",
        field("name", { $0.name }, .text(max: 128), "Partner of the validator, or the start of the transport key."),
        field("connected", { $0.connected }, .flag),
        optional("finalHeight", { $0.finalHeight }, .counter, "What it last reported."),
        optional(
            "rules", { $0.rules }, .digest, "By which it says that it executes blocks; absent when it says nothing.")
    ) { PeerStatus(name: $0, connected: $1, finalHeight: $2, rules: $3) }
}

extension JSONCoder where Value == NodeStatus {
    package static let peersMax = 4_096
    package static let warningsMax = 64

    package static let nodeStatus = JSONCoder.object(
        "NodeStatus", "A node's condition.",
        field("ready", { $0.ready }, .flag, "Whether it follows the chain and can be relied on now."),
        field("summary", { $0.summary }, .text(max: 2_048), "What it is doing, or why it is not ready and what helps."),
        field("network", { $0.network }, .digest, "SHA-256 of the genesis."),
        field("networkName", { $0.networkName }, .text(max: Genesis.nameBytesMax)),
        field("version", { $0.version }, .text(max: 64)),
        optional(
            "rules", { $0.rules }, .digest,
            "Digest of the sources by which it executes blocks: nodes with others may come to another state."),
        optional("partner", { $0.partner }, .text(max: Validator.partnerBytesMax), "Who runs the node."),
        optional("validatorIndex", { $0.validatorIndex }, .small, "Absent when it does not vote in this epoch."),
        field("finalHeight", { $0.finalHeight }, .counter, "Newest final block."),
        field("finalBlock", { $0.finalBlock }, .digest),
        field("finalTime", { $0.finalTime }, .counter),
        derived("finalTimeText", { $0.finalTime.text }, .text(max: 40)),
        field("stateRoot", { $0.stateRoot }, .digest),
        field("epoch", { $0.epoch }, .counter),
        field("view", { $0.view }, .counter),
        field("networkHeight", { $0.networkHeight }, .counter, "Highest final height that a peer has reported."),
        field("poolTransactions", { $0.poolTransactions }, .number()),
        field("uptimeSeconds", { $0.uptimeSeconds }, .number()),
        field("peers", { $0.peers }, JSONCoder<PeerStatus>.peerStatus.list(max: peersMax)),
        field(
            "warnings", { $0.warnings }, JSONCoder<String>.text(max: 2_048).list(max: warningsMax),
            "What an operator should look at.")
    ) {
        ready, summary, network, name, version, rules, partner, index, height, block, time, _, root, epoch, view, known,
        pool,
        uptime, peers, warnings in
        NodeStatus(
            ready: ready, summary: summary, network: network, networkName: name, version: version, rules: rules,
            partner: partner,
            validatorIndex: index, finalHeight: height, finalBlock: block, finalTime: time, stateRoot: root,
            epoch: epoch, view: view, networkHeight: known, poolTransactions: pool, uptimeSeconds: uptime,
            peers: peers, warnings: warnings)
    }
}
