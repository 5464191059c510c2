package import Chain
internal import Primitives

extension JSONCoder where Value == ChainParameters {
    package static let parameters = JSONCoder.object(
        "ChainParameters", "Consensus parameters.", closed: true,
        field("delayMilliseconds", { $0.delayMilliseconds }, .small, "Assumed message delay while all goes well."),
        field("delayMillisecondsMax", { $0.delayMillisecondsMax }, .small),
        field("skipAfterViews", { $0.skipAfterViews }, .small, "Silence after which a leader's turn is skipped."),
        field("voteWindowViews", { $0.voteWindowViews }, .small),
        field("heartbeatMilliseconds", { $0.heartbeatMilliseconds }, .small, "Age of an idle chain's newest block."),
        field("clockSkewMillisecondsMax", { $0.clockSkewMillisecondsMax }, .small),
        field("unfinalizedBlocksMax", { $0.unfinalizedBlocksMax }, .small),
        field("blockTransactionsMax", { $0.blockTransactionsMax }, .small),
        field("blockBytesMax", { $0.blockBytesMax }, .small),
        field("blockWorkMax", { $0.blockWorkMax }, .number()),
        field("scheduledCallsMax", { $0.scheduledCallsMax }, .small)
    ) { delay, delayMax, skip, window, heartbeat, skew, unfinalized, transactions, bytes, work, scheduled in
        var made = ChainParameters()
        made.delayMilliseconds = delay
        made.delayMillisecondsMax = delayMax
        made.skipAfterViews = skip
        made.voteWindowViews = window
        made.heartbeatMilliseconds = heartbeat
        made.clockSkewMillisecondsMax = skew
        made.unfinalizedBlocksMax = unfinalized
        made.blockTransactionsMax = transactions
        made.blockBytesMax = bytes
        made.blockWorkMax = work
        made.scheduledCallsMax = scheduled
        // The bounds stand in one place: the decoder of the canonical form.
        return try ChainParameters(bcs: made.bcs)
    }
}

extension JSONCoder where Value == Genesis {
    /// The genesis file. Its `network` is the SHA-256 of the canonical form that the other members make: a file in
    /// which a single digit was changed does not load.
    package static let genesis = JSONCoder.object(
        "Genesis", "What all nodes of a network start from. `network` must be the digest of all the rest.",
        closed: true,
        field("network", { $0.network }, .digest, "SHA-256 of the canonical form: the name of the network."),
        field("formatVersion", { _ in Genesis.formatVersion }, .small),
        field("name", { $0.name }, .text(max: Genesis.nameBytesMax), "The <network> of identifiers."),
        field("time", { $0.time }, .counter, "Milliseconds since 1970 in UTC."),
        derived("timeText", { $0.time.text }, .text(max: 40), "The same for people; not read."),
        field("parameters", { $0.parameters }, .parameters),
        field("validators", { $0.validators }, .validatorSet),
        field(
            "application", { $0.application }, .hex(0...Genesis.applicationBytesMax),
            "What the contracts start from, in their own format.")
    ) { network, version, name, time, _, parameters, validators, application in
        guard version == Genesis.formatVersion else {
            throw JSONFailure("this software reads format \(Genesis.formatVersion)", path: ["formatVersion"])
        }
        let made = Genesis(
            name: name, time: time, parameters: parameters, validators: validators, application: application)
        guard made.network == network else {
            throw JSONFailure(
                "the file says \(network), but its content makes \(made.network): it was changed, or is not whole",
                path: ["network"])
        }
        return try Genesis(bcs: made.bcs)
    }
}

extension Genesis {
    /// The genesis file's content, for people and versioning tools: indented, hexadecimal bytes.
    package var file: [UInt8] { JSONCoder<Genesis>.genesis.encode(self).pretty }

    /// Reads a genesis file and checks that its network id is that of its content.
    package init(file bytes: some Sequence<UInt8>) throws(JSONFailure) {
        self = try JSONCoder<Genesis>.genesis.value(parsing: bytes)
    }
}
