package import Chain
package import Primitives

/// What the host does for a context. Implemented by the contract host only.
package protocol ContextServices: AnyObject {
    var block: BlockContext { get }
    var transaction: Digest { get }
    func read(_ key: [UInt8]) throws(Rejection) -> [UInt8]?
    func write(_ key: [UInt8], _ value: [UInt8]?) throws(Rejection)
    func emit(_ event: Event) throws(Rejection)
    func spend(_ units: UInt64) throws(Rejection)
    func send(
        from context: Context, to instance: Address, method: UInt16, arguments: [UInt8]
    ) throws(Rejection) -> [UInt8]
    func schedule(
        from context: Context, method: UInt16, arguments: [UInt8], at time: Timestamp
    ) throws(Rejection) -> ScheduleID
    func cancel(from context: Context, _ id: ScheduleID) throws(Rejection) -> Bool
    func create(
        from context: Context, contract: String, arguments: [UInt8], superseding: Bool
    ) throws(Rejection) -> Address
    func end(from context: Context) throws(Rejection)
    func undoing<Value>(_ body: () throws(Rejection) -> Value) throws(Rejection) -> Value
    func replaceValidators(from context: Context, _ set: ValidatorSet) throws(Rejection)
}

/// Names a scheduled call until it has run.
package struct ScheduleID: Hashable, Sendable, ContractValue {
    package let time: Timestamp
    package let sequence: UInt64

    package init(time: Timestamp, sequence: UInt64) {
        self.time = time
        self.sequence = sequence
    }

    package static let shape = Shape.fields("ScheduleID", ("time", .u64), ("sequence", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(time)
        encoder.u64(sequence)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        time = try Timestamp(from: &decoder)
        sequence = try decoder.u64()
    }
}

/// Everything a contract may know and do during one call. Valid during that call only.
package final class Context {
    /// Entries of one page of any collection.
    package static let pageEntriesMax = 256

    /// This instance.
    package let instance: Address
    package let caller: Caller
    package let services: any ContextServices
    /// Nesting of calls between contracts, 0 for a transaction's own call.
    package let depth: Int

    package init(instance: Address, caller: Caller, depth: Int, services: any ContextServices) {
        self.instance = instance
        self.caller = caller
        self.depth = depth
        self.services = services
    }

    package var block: BlockContext { services.block }
    package var height: Height { services.block.height }
    /// Block time; there is no other clock.
    package var time: Timestamp { services.block.time }
    package var network: Digest { services.block.network }
    /// Digest of the transaction, or of the scheduled call's record.
    package var transaction: Digest { services.transaction }

    // MARK: Who calls

    /// The calling partner. A scheduled call has none.
    package func requirePartner() throws(Rejection) -> String {
        guard let partner = caller.partner else { throw HostRejection.notAuthorised() }
        return partner
    }

    /// The calling partner, which must have one of `roles`.
    @discardableResult
    package func requirePartner(with roles: Roles) throws(Rejection) -> String {
        guard let partner = caller.partner, !caller.roles.isDisjoint(with: roles) else {
            throw HostRejection.notAuthorised("it needs the role " + roles.words)
        }
        return partner
    }

    /// The calling partner, signing with one of its own keys, or with that of a delegate who has one of `roles`: for what a partner
    /// may do whatever its roles are, and a delegate only when it was made one for that.
    @discardableResult
    package func requirePartner(itselfOr roles: Roles) throws(Rejection) -> String {
        let id = try requirePartner()
        if caller.isDelegate, caller.roles.isDisjoint(with: roles) {
            throw HostRejection.notAuthorised("a delegate for this needs the role " + roles.words)
        }
        return id
    }

    /// The calling partner, which must sign with one of its own keys.
    @discardableResult
    package func requireOwnKey(_ refusal: String) throws(Rejection) -> Partner {
        guard let partner = try partner(requirePartner()), let key = caller.key, partner.keys.contains(key) else {
            throw HostRejection.notAuthorised(refusal)
        }
        return partner
    }

    /// Refuses everybody but this instance's own scheduled calls.
    package func requireSchedule() throws(Rejection) {
        guard caller.origin == .schedule else { throw HostRejection.notPermitted() }
    }

    /// For the call that this instance scheduled as `id`: its schedule, or any partner once the time of it has come, in place
    /// of one that still waits and of one that was refused. What follows must do what the scheduled one would have done: it is
    /// cancelled here.
    package func requireSchedule(of id: ScheduleID) throws(Rejection) {
        guard caller.origin != .schedule else { return }
        guard caller.origin == .transaction else { throw HostRejection.notPermitted() }
        _ = try requirePartner()
        try require(id.time <= time, HostRejection.notPermitted("it is called by itself at a later time"))
        try cancel(id)
    }

    // MARK: Effects

    package func emit<Payload>(_ kind: EventKind<Payload>, _ payload: Payload) throws(Rejection) {
        try services.emit(Event(instance: instance, kind: kind.number, payload: payload.bcs))
    }

    /// Pays for computation that makes no host calls; about 1 unit per nanosecond.
    package func spend(_ units: UInt64) throws(Rejection) { try services.spend(units) }

    /// Calls another instance within this call. When it rejects, its writes are undone and the rejection is thrown here:
    /// let it pass to fail wholly, or catch it to go on without.
    package func send<Arguments, Output>(
        _ message: Message<Arguments, Output>, to other: Address, _ arguments: Arguments
    ) throws(Rejection) -> Output {
        let bytes = try services.send(from: self, to: other, method: message.number, arguments: arguments.bcs)
        do { return try Output(bcs: bytes) } catch { throw HostRejection.malformedArguments(error.description) }
    }

    /// Runs `body`; when it rejects, its writes and events are undone and the rejection is returned instead of thrown.
    package func attempt<Value>(_ body: () throws(Rejection) -> Value) -> Result<Value, Rejection> {
        do throws(Rejection) { return .success(try services.undoing(body)) } catch { return .failure(error) }
    }

    /// Schedules a call of this instance for the first block whose time is at or after `time` (later than now).
    @discardableResult
    package func schedule<Arguments, Output>(
        _ message: Message<Arguments, Output>, _ arguments: Arguments, at time: Timestamp
    ) throws(Rejection) -> ScheduleID {
        try services.schedule(from: self, method: message.number, arguments: arguments.bcs, at: time)
    }

    /// Whether it was still waiting.
    @discardableResult
    package func cancel(_ id: ScheduleID) throws(Rejection) -> Bool { try services.cancel(from: self, id) }

    /// Creates an instance of the active version of `contract` and runs its `initialize` with `arguments`.
    package func create(contract: String, arguments: some ContractValue) throws(Rejection) -> Address {
        try services.create(from: self, contract: contract, arguments: arguments.bcs, superseding: false)
    }

    /// Creates an instance of the active version that names this one as what it supersedes, and ends this one.
    package func supersede(contract: String, arguments: some ContractValue) throws(Rejection) -> Address {
        try services.create(from: self, contract: contract, arguments: arguments.bcs, superseding: true)
    }

    /// Ends this instance: later calls are refused, its state stays readable for ever.
    package func endInstance() throws(Rejection) { try services.end(from: self) }
}

// MARK: Storage, used by the typed collections

extension Context {
    package func readBytes(_ key: [UInt8]) throws(Rejection) -> [UInt8]? { try services.read(key) }

    package func read<Value: BCSDecodable>(_ key: [UInt8]) throws(Rejection) -> Value? {
        guard let bytes = try services.read(key) else { return nil }
        do { return try Value(bcs: bytes) } catch { throw HostRejection.malformedState(error.description) }
    }

    package func write(_ key: [UInt8], _ value: some BCSEncodable) throws(Rejection) {
        try services.write(key, value.bcs)
    }

    package func remove(_ key: [UInt8]) throws(Rejection) { try services.write(key, nil) }
}

/// Turns an overflow into the host's rejection: `let sum = try checked(left.adding(right))`.
package func checked<Value>(
    _ compute: @autoclosure () throws(ArithmeticOverflow) -> Value
) throws(Rejection) -> Value {
    do { return try compute() } catch { throw HostRejection.overflow() }
}
