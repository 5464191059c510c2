internal import Primitives

/// Decides whether a history is one that the ledger promises. Pure: the same history gives the same verdict.
///
/// The linearization points are heights: a write takes effect at the height of its block, a read at the height of the
/// state that it is of. So the history is linearizable when (a) values are those of replaying the chain up to that
/// height, and (b) heights agree with real time: whatever begins after something else was answered does not stand below
/// it. (b) is promised for writes and for verified reads that asked for the highest height known to the clients; other
/// reads are only monotone for one client at one running node.
package struct HistoryChecker {
    private let history: History
    private var verdict = Verdict()
    /// Of the first copy: places of transactions, and values of registers by height.
    private var places: [Digest: (height: UInt64, block: Digest, succeeded: Bool)] = [:]
    private var versions: [RegisterName: [(height: UInt64, value: RegisterValue)]] = [:]

    package static func check(_ history: History) -> Verdict {
        var checker = HistoryChecker(history: history)
        checker.run()
        return checker.verdict
    }

    private init(history: History) { self.history = history }

    private mutating func run() {
        verdict.nodes = history.copies.count
        verdict.writes = history.writes.count
        verdict.acknowledged = history.writes.count { $0.acknowledged != nil }
        verdict.reads = history.reads.count
        verdict.verifiedReads = history.reads.count(where: \.isVerified)
        guard let first = history.copies.first, !first.blocks.isEmpty, verdict.acknowledged > 0 else {
            return verdict.refuse(.somethingHappened, "no chain, no block or no acknowledged write: nothing is shown")
        }
        verdict.blocks = first.blocks.count
        for copy in history.copies { checkChain(copy, against: first) }
        replay(first)
        for copy in history.copies { checkWrites(on: copy) }
        checkAcknowledgements()
        for copy in history.copies { checkRegisters(of: copy) }
        for read in history.reads { checkValue(read) }
        checkRealTime()
        checkMonotone()
    }

    // MARK: the chains

    private mutating func checkChain(_ copy: ChainCopy, against first: ChainCopy) {
        if copy.blocks.count != first.blocks.count {
            verdict.refuse(
                .oneChain, "\(copy.node) tells \(copy.blocks.count) blocks, \(first.node) \(first.blocks.count)")
        }
        var parent: Digest?
        var seen: Set<Digest> = []
        for (index, block) in copy.blocks.enumerated() {
            if block.height != UInt64(index) + 1 {
                verdict.refuse(.oneChain, "\(copy.node) tells block \(block.height) in the place of \(index + 1)")
            }
            if let parent, block.parent != parent {
                verdict.refuse(.oneChain, "block \(block.height) of \(copy.node) does not follow from the one below")
            }
            parent = block.digest
            if index < first.blocks.count, first.blocks[index].digest != block.digest {
                verdict.refuse(
                    .oneChain,
                    "block \(block.height) is \(block.digest.short) at \(copy.node), "
                        + "\(first.blocks[index].digest.short) at \(first.node)")
            }
            for (digest, _) in block.transactions where !seen.insert(digest).inserted {
                verdict.refuse(.nothingDoubled, "\(copy.node) has transaction \(digest.short) twice")
            }
        }
    }

    /// Every acknowledged write stands on this node's chain, where it was acknowledged and with that result.
    private mutating func checkWrites(on copy: ChainCopy) {
        var found: [Digest: (height: UInt64, block: Digest, succeeded: Bool)] = [:]
        for block in copy.blocks {
            for (digest, succeeded) in block.transactions where found[digest] == nil {
                found[digest] = (block.height, block.digest, succeeded)
            }
        }
        for write in history.writes {
            guard let acknowledged = write.acknowledged else { continue }
            guard let place = found[write.transaction] else {
                verdict.refuse(
                    .nothingLost,
                    "\(copy.node) lacks \(write.transaction.short), acknowledged at height \(acknowledged.height)")
                continue
            }
            if place != (acknowledged.height, acknowledged.block, acknowledged.succeeded) {
                verdict.refuse(
                    .acknowledgedWhereItSays,
                    "\(write.transaction.short) was acknowledged at \(acknowledged.height) as "
                        + "\(acknowledged.succeeded ? "done" : "rejected"), \(copy.node) has it at \(place.height) as "
                        + (place.succeeded ? "done" : "rejected"))
            }
        }
    }

    private mutating func checkAcknowledgements() {
        var digests: Set<Digest> = []
        for write in history.writes {
            if !digests.insert(write.transaction).inserted {
                verdict.refuse(.somethingHappened, "the history has \(write.transaction.short) twice")
            }
            guard write.acknowledged == nil else { continue }
            if places[write.transaction] == nil { verdict.vanished += 1 } else { verdict.finalUnseen += 1 }
        }
    }

    // MARK: values

    /// Runs the successful writes of the chain in order.
    private mutating func replay(_ copy: ChainCopy) {
        let writes = Dictionary(history.writes.map { ($0.transaction, $0) }, uniquingKeysWith: { first, _ in first })
        for block in copy.blocks {
            for (digest, succeeded) in block.transactions {
                if places[digest] == nil { places[digest] = (block.height, block.digest, succeeded) }
                guard succeeded, let write = writes[digest] else { continue }
                let revision = (versions[write.register]?.last?.value.revision ?? 0) + 1
                versions[write.register, default: []].append(
                    (block.height, RegisterValue(value: write.value, revision: revision)))
            }
        }
    }

    /// What replaying gives for a register after block `height`.
    private func expected(_ register: RegisterName, at height: UInt64) -> RegisterValue? {
        guard let list = versions[register] else { return nil }
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle].height <= height { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : list[low - 1].value
    }

    private mutating func checkRegisters(of copy: ChainCopy) {
        let tip = copy.blocks.last?.height ?? 0
        let least = history.writes.compactMap { $0.acknowledged?.height }.max() ?? 0
        for (register, told) in copy.registers.sorted(by: { $0.key < $1.key }) {
            if told.height < least || told.height > tip {
                verdict.refuse(
                    .stateIsReplay,
                    "\(copy.node) told \(register.name) at \(told.height), not between \(least) and \(tip)")
            }
            let value = expected(register, at: told.height)
            if told.value != value {
                verdict.refuse(
                    .stateIsReplay,
                    "\(register.owner)/\(register.name) at \(copy.node): \(text(told.value)), replaying gives \(text(value))"
                )
            }
        }
    }

    private mutating func checkValue(_ read: ReadRecord) {
        let value = expected(read.register, at: read.height)
        if read.value != value {
            verdict.refuse(
                .readsAreReplay,
                "client \(read.client) read \(read.register.name) at \(read.node), height \(read.height): "
                    + "\(text(read.value)), replaying gives \(text(value))")
        }
        if read.height < read.minimumHeight {
            verdict.refuse(
                .minimumHeightKept,
                "client \(read.client) asked \(read.node) for height \(read.minimumHeight), got \(read.height)")
        }
    }

    private func text(_ value: RegisterValue?) -> String {
        value.map { "'\(String(decoding: $0.value, as: UTF8.self))' (revision \($0.revision))" } ?? "nothing"
    }

    // MARK: order

    /// Whatever begins after an answer stands above a write's height, and not below a read's.
    private mutating func checkRealTime() {
        struct Operation {
            let begin: Double
            let end: Double
            let height: UInt64
            let isWrite: Bool
            let name: String
        }
        var operations: [Operation] = []
        for write in history.writes {
            guard let done = write.acknowledged else { continue }
            operations.append(
                Operation(
                    begin: write.invoked, end: done.at, height: done.height, isWrite: true,
                    name: "the write \(write.transaction.short)"))
        }
        for read in history.reads where read.isVerified {
            operations.append(
                Operation(
                    begin: read.invoked, end: read.answered, height: read.height, isWrite: false,
                    name: "client \(read.client)'s read of \(read.register.name)"))
        }
        let byEnd = operations.sorted { ($0.end, $0.height) < ($1.end, $1.height) }
        var next = 0
        var highest: Operation?
        for operation in operations.sorted(by: { ($0.begin, $0.height) < ($1.begin, $1.height) }) {
            while next < byEnd.count, byEnd[next].end < operation.begin {
                if byEnd[next].height > highest?.height ?? 0 { highest = byEnd[next] }
                next += 1
            }
            guard let earlier = highest else { continue }
            // A transaction that is submitted after a state was seen cannot be in that state.
            let least = operation.isWrite ? earlier.height + 1 : earlier.height
            if operation.height < least {
                verdict.refuse(
                    .realTimeOrder,
                    "\(operation.name) began after \(earlier.name) was answered at height \(earlier.height), "
                        + "but has height \(operation.height)")
            }
        }
    }

    /// A client that asks one running node again does not see an older state.
    private mutating func checkMonotone() {
        struct Session: Hashable {
            let client: Int
            let node: String
            let incarnation: Int
        }
        var last: [Session: ReadRecord] = [:]
        for read in history.reads.sorted(by: { ($0.invoked, $0.answered) < ($1.invoked, $1.answered) }) {
            let session = Session(client: read.client, node: read.node, incarnation: read.incarnation)
            if let before = last[session], before.answered <= read.invoked, read.height < before.height {
                verdict.refuse(
                    .monotoneReads,
                    "client \(read.client) saw height \(before.height) at \(read.node), then \(read.height)")
            }
            last[session] = read
        }
    }
}
