internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Execution {
    func schedule(
        from context: Context, method: UInt16, arguments: [UInt8], at time: Timestamp
    ) throws(Rejection) -> ScheduleID {
        if isReadOnly { throw HostRejection.readOnly() }
        guard time > block.time, scheduledCount < Execution.scheduledPerTransactionMax,
            arguments.count <= ScheduledCall.argumentBytesMax
        else { throw HostRejection.scheduleInvalid() }
        guard try resolve(context.instance).contract.call(method) != nil else { throw HostRejection.unknownMethod() }
        scheduledCount += 1
        try spend(Work.schedule)
        let call = ScheduledCall(instance: context.instance, method: method, arguments: arguments)
        return try asHost { (host) throws(Rejection) in
            let sequence = try HostState.scheduledCount.get(in: host)?.value ?? 0
            try HostState.scheduledCount.set(Height(checked(sequence.adding(1))), in: host)
            let key = Pair(time, sequence)
            try HostState.scheduled.set(key, call, in: host)
            try HostState.due.insert(key, in: host)
            return ScheduleID(time: time, sequence: sequence)
        }
    }

    func cancel(from context: Context, _ id: ScheduleID) throws(Rejection) -> Bool {
        if isReadOnly { throw HostRejection.readOnly() }
        let key = Pair(id.time, id.sequence)
        return try asHost { (host) throws(Rejection) in
            guard let call = try HostState.scheduled.get(key, in: host) else { return false }
            guard call.instance == context.instance else { throw HostRejection.notPermitted() }
            try HostState.scheduled.remove(key, in: host)
            try HostState.due.remove(key, in: host)
            return true
        }
    }

    /// Runs the calls that are due, in order of time and sequence: at most `scheduledCallsMax` of them, and none more
    /// once half of the block's work is used, so that transactions keep the other half. The rest waits for the next
    /// block. A rejected one is not repeated.
    func runScheduled() throws(StorageFailure) -> [Receipt] {
        var receipts: [Receipt] = []
        var used: UInt64 = 0
        while receipts.count < Int(block.parameters.scheduledCallsMax),
            receipts.isEmpty || used < block.parameters.blockWorkMax / 2, let (key, call) = try takeDue()
        {
            var encoder = BCSEncoder()
            encoder.value(key.first)
            encoder.u64(key.second)
            encoder.value(call)
            let caller = Caller(origin: .schedule, key: nil, partner: nil, roles: [])
            receipts.append(
                try runAsOne(subject: SHA256.hash(encoder.bytes), base: Work.call) { () throws(Rejection) in
                    _ = try self.invoke(
                        call.instance, method: call.method, arguments: call.arguments, caller: caller, depth: 0)
                    return []
                })
            used += receipts.last?.workUsed ?? 0
        }
        return receipts
    }

    private func takeDue() throws(StorageFailure) -> (Pair<Timestamp, UInt64>, ScheduledCall)? {
        meter = WorkMeter(limit: .max)
        do throws(Rejection) {
            return try asHost { (host) throws(Rejection) -> (Pair<Timestamp, UInt64>, ScheduledCall)? in
                guard let key = try HostState.due.first(in: host), key.first <= self.block.time else { return nil }
                guard let call = try HostState.scheduled.get(key, in: host) else {
                    throw HostRejection.malformedState()
                }
                try HostState.scheduled.remove(key, in: host)
                try HostState.due.remove(key, in: host)
                return (key, call)
            }
        } catch {
            throw failure ?? StorageFailure("the schedule in the state is damaged: \(error.text)")
        }
    }
}
