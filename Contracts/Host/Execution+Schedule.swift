internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

/// Scheduled calls. Each instance has a lane, in which calls wait by time and arrival. The lanes of a partner's instances
/// take turns in a lane of that partner; those of partners and of genesis instances take turns in the host's. So none
/// delays another by what waits in it, nor by how many instances it has. Governance takes no turns: its due calls go
/// first.
///
/// Invariants: a lane with entries (other than Governance's and the host's) has one turn in the lane above it, at the time
/// of its first entry or, when it was served while more was due, at the time of the block that served it. Turns of one
/// time go in order of arrival.
extension Execution {
    func schedule(
        from context: Context, method: UInt16, arguments: [UInt8], at time: Timestamp
    ) throws(Rejection) -> ScheduleID {
        if isReadOnly { throw HostRejection.readOnly() }
        guard time > block.time, time <= Calendar.timeMax, scheduledCount < Execution.scheduledPerTransactionMax,
            arguments.count <= ScheduledCall.argumentBytesMax
        else { throw HostRejection.scheduleInvalid() }
        let lane = context.instance
        guard try resolve(lane).contract.call(method) != nil else { throw HostRejection.unknownMethod() }
        scheduledCount += 1
        try spend(Work.schedule)
        let call = ScheduledCall(instance: lane, method: method, arguments: arguments)
        return try asHost { (host) throws(Rejection) in
            let id = try Calendar.append(call, to: lane, at: time, in: host)
            try self.follow(lane, in: host)
            return id
        }
    }

    func cancel(from context: Context, _ id: ScheduleID) throws(Rejection) -> Bool {
        if isReadOnly { throw HostRejection.readOnly() }
        return try asHost { (host) throws(Rejection) in
            let key = Pair(id.time, id.sequence)
            // A turn of the host's is no call of anybody.
            guard let call = try HostState.scheduled.get(key, in: host), !call.isTurn else { return false }
            guard call.instance == context.instance else { throw HostRejection.notPermitted() }
            _ = try Calendar.remove(id, from: call.instance, in: host)
            try self.follow(call.instance, in: host)
            return true
        }
    }

    /// The lane in which a lane takes its turns.
    private func parent(of lane: Address, in host: Context) throws(Rejection) -> Address {
        let creator = try HostState.instances.get(lane, in: host)?.creator ?? ""
        return creator.isEmpty ? WellKnown.host : HostState.lane(of: creator)
    }

    /// Has a lane's turn follow the time of its first entry. A lane with something due keeps its place.
    private func follow(_ lane: Address, in host: Context) throws(Rejection) {
        guard lane != WellKnown.governance, lane != WellKnown.host else { return }
        let turn = try HostState.turns.get(lane, in: host)
        let first = try Calendar.first(of: lane, in: host)
        if let turn, let first, first.time <= block.time || first.time == turn.time { return }
        let parent = try parent(of: lane, in: host)
        try move(turn, of: lane, to: first?.time, in: parent, host)
        try follow(parent, in: host)
    }

    /// Gives a lane its next turn, instead of the one that it had; none when nothing waits in it.
    private func move(
        _ turn: ScheduleID?, of lane: Address, to time: Timestamp?, in parent: Address, _ host: Context
    ) throws(Rejection) {
        if let turn { _ = try Calendar.remove(turn, from: parent, in: host) }
        if let time {
            let entry = ScheduledCall(turnOf: lane)
            let next = try Calendar.append(entry, to: parent, at: time, in: host)
            try HostState.turns.set(lane, next, in: host)
        } else if turn != nil {
            try HostState.turns.remove(lane, in: host)
        }
    }

    // MARK: Running

    /// Runs calls that are due: at most `scheduledCallsMax` of them, and none more once half of the block's work is used,
    /// so that transactions keep the other half. First Governance's, up to half of both; then one call of each lane in
    /// turn; then what Governance has left. The rest waits for the next block. A rejected one is not repeated.
    ///
    /// So no other lane delays Governance, and with n partners and genesis instances that have something due, and c calls of
    /// theirs in a block, the next call of one of them runs within n / c blocks, rounded up.
    func runScheduled() throws(StorageFailure) -> [Receipt] {
        let most = Int(block.parameters.scheduledCallsMax)
        let work = block.parameters.blockWorkMax / 2
        var receipts: [Receipt] = []
        var used: UInt64 = 0
        func serve(
            upTo count: Int, work: UInt64, atLeastOne: Bool, _ take: () throws(StorageFailure) -> DueCall?
        ) throws(StorageFailure) {
            var isFirst = atLeastOne
            while receipts.count < count, isFirst || used < work, let due = try take() {
                isFirst = false
                let receipt = try run(due)
                used += receipt.workUsed
                receipts.append(receipt)
            }
        }
        try serve(upTo: (most + 1) / 2, work: work / 2, atLeastOne: true) { () throws(StorageFailure) in
            try taking { (host) throws(Rejection) in try takeDue(of: WellKnown.governance, in: host) }
        }
        try serve(upTo: most, work: work, atLeastOne: true) { () throws(StorageFailure) in
            try taking { (host) throws(Rejection) in try takeTurn(in: host) }
        }
        try serve(upTo: most, work: work, atLeastOne: false) { () throws(StorageFailure) in
            try taking { (host) throws(Rejection) in try takeDue(of: WellKnown.governance, in: host) }
        }
        return receipts
    }

    private struct DueCall {
        let id: ScheduleID
        let call: ScheduledCall
    }

    private func run(_ due: DueCall) throws(StorageFailure) -> Receipt {
        var encoder = BCSEncoder()
        encoder.value(due.id)
        due.call.encodeCall(to: &encoder)
        let caller = Caller(origin: .schedule, key: nil, partner: nil, roles: [], isDelegate: false)
        return try runAsOne(subject: SHA256.hash(encoder.bytes), base: Work.call) { () throws(Rejection) in
            _ = try self.invoke(
                due.call.instance, method: due.call.method, arguments: due.call.arguments, caller: caller, depth: 0)
            return []
        }
    }

    private func taking(_ body: (Context) throws(Rejection) -> DueCall?) throws(StorageFailure) -> DueCall? {
        meter = WorkMeter(limit: .max)
        do throws(Rejection) { return try asHost(body) } catch {
            throw failure ?? StorageFailure("the schedule in the state is damaged: \(error.text)")
        }
    }

    private func takeDue(of lane: Address, in host: Context) throws(Rejection) -> DueCall? {
        guard let id = try Calendar.first(of: lane, in: host), id.time <= block.time else { return nil }
        return DueCall(id: id, call: try Calendar.remove(id, from: lane, in: host))
    }

    /// The first call of the lane whose turn it is; the lane goes to the end of those that wait.
    private func takeTurn(in host: Context) throws(Rejection) -> DueCall? {
        guard let turn = try Calendar.first(of: WellKnown.host, in: host), turn.time <= block.time else { return nil }
        return try take(turn, in: WellKnown.host, host)
    }

    /// What a turn in a lane gives: the first call of the lane that has it, or what the first turn there gives.
    private func take(_ turn: ScheduleID, in parent: Address, _ host: Context) throws(Rejection) -> DueCall {
        guard let lane = try HostState.scheduled.get(Pair(turn.time, turn.sequence), in: host)?.instance,
            let first = try Calendar.first(of: lane, in: host), first.time <= block.time,
            let entry = try HostState.scheduled.get(Pair(first.time, first.sequence), in: host)
        else { throw HostRejection.malformedState() }
        let due: DueCall
        if entry.isTurn {
            try require(parent == WellKnown.host, HostRejection.malformedState())
            due = try take(first, in: lane, host)
        } else {
            due = DueCall(id: first, call: try Calendar.remove(first, from: lane, in: host))
        }
        let next = try Calendar.first(of: lane, in: host)
        try move(turn, of: lane, to: next.map { max($0.time, block.time) }, in: parent, host)
        return due
    }
}
