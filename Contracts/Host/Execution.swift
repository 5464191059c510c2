internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

/// One block (or one query) in execution: the services behind every `Context`.
///
/// Invariants: `frames` holds the instances of the calls in progress, each once; outside a transaction `events` is
/// empty; a local failure, once seen, is kept until the caller of the host gets it.
final class Execution: ContextServices {
    static let depthMax = 8
    static let scheduledPerTransactionMax = 64

    let release: Release
    let block: BlockContext
    var overlay: Overlay
    var transaction = Digest.zero
    var meter = WorkMeter(limit: .max)
    var events: [Event] = []
    var frames: [Address] = []
    var failure: StorageFailure?
    var nextValidators: ValidatorSet?
    /// Instances created and calls scheduled by this transaction.
    var createdCount: UInt32 = 0
    var scheduledCount = 0
    let isReadOnly: Bool

    /// Instances resolved in this block; emptied when an instance or an active version may have changed.
    var resolved: [ByteKey: Resolved] = [:]
    /// Senders resolved in this block, and where they are found; emptied when Governance or Identity ran.
    var senders: [KnownSender] = []
    var senderPlaces: [SenderKey: Int] = [:]
    /// Of the transactions admitted so far, in order: places in `senders`. Emptied with those.
    var admitted: [Int] = []
    /// What partners have used of their quotas, and where they are found.
    var quotas: [(partner: String, use: QuotaUse)] = []
    var quotaPlaces: [String: Int] = [:]
    private(set) lazy var parameters: NetworkParameters = storedParameters()

    init(release: Release, block: BlockContext, state: any StateReader, isReadOnly: Bool = false) {
        self.release = release
        self.block = block
        overlay = Overlay(state)
        self.isReadOnly = isReadOnly
    }

    // MARK: State

    func read(_ key: [UInt8]) throws(Rejection) -> [UInt8]? {
        let value = try readUncharged(key)
        try spend(Work.read + Work.readByte * UInt64(value?.count ?? 0))
        return value
    }

    func readUncharged(_ key: [UInt8]) throws(Rejection) -> [UInt8]? {
        do {
            return try overlay.read(key)
        } catch {
            failure = error
            throw HostRejection.localFailure()
        }
    }

    func write(_ key: [UInt8], _ value: [UInt8]?) throws(Rejection) {
        if isReadOnly { throw HostRejection.readOnly() }
        guard let instance = frames.last, key.count > Address.byteCount,
            key[..<Address.byteCount] == instance.bytes[...]
        else { throw HostRejection.notPermitted("an instance writes under its own address only") }
        guard key.count <= StateChange.keyBytesMax else { throw HostRejection.keyTooLong() }
        if let value, value.isEmpty || value.count > StateChange.valueBytesMax { throw HostRejection.valueTooLong() }
        try spend(Work.write + Work.writtenByte * UInt64(key.count + (value?.count ?? 0)))
        overlay.write(key, value)
    }

    func spend(_ units: UInt64) throws(Rejection) {
        if !meter.charge(units) { throw HostRejection.workExceeded() }
    }

    func emit(_ event: Event) throws(Rejection) {
        if isReadOnly { throw HostRejection.readOnly() }
        // Genesis has no receipts, and may make more partners and meters than one receipt has room for.
        if block.height == Height(0) { return }
        guard events.count < Receipt.eventsMax else { throw HostRejection.tooManyEvents() }
        guard event.payload.count <= Event.payloadBytesMax else { throw HostRejection.eventTooLong() }
        try spend(Work.event + Work.eventByte * UInt64(event.payload.count))
        events.append(event)
    }

    func replaceValidators(from context: Context, _ set: ValidatorSet) throws(Rejection) {
        if isReadOnly { throw HostRejection.readOnly() }
        guard context.instance == WellKnown.governance else { throw HostRejection.notPermitted() }
        nextValidators = set
    }

    /// Runs host code that writes under the host's own address.
    func asHost<Value>(_ body: (Context) throws(Rejection) -> Value) throws(Rejection) -> Value {
        frames.append(WellKnown.host)
        defer { frames.removeLast() }
        return try body(hostContext)
    }

    var hostContext: Context {
        Context(
            instance: WellKnown.host,
            caller: Caller(origin: .genesis, key: nil, partner: nil, roles: [], isDelegate: false), depth: 0,
            services: self)
    }

    // MARK: Savepoints

    struct Savepoint {
        let mark: Int
        let events: Int
        let nextValidators: ValidatorSet?
    }

    func savepoint() -> Savepoint {
        Savepoint(mark: overlay.mark, events: events.count, nextValidators: nextValidators)
    }

    func rollBack(to point: Savepoint) {
        overlay.undo(to: point.mark)
        events.removeSubrange(point.events...)
        nextValidators = point.nextValidators
        // What was resolved from undone writes must not survive them.
        forgetResolved()
    }

    func forgetResolved() {
        if !resolved.isEmpty { resolved.removeAll(keepingCapacity: true) }
        if !senders.isEmpty {
            senders.removeAll(keepingCapacity: true)
            senderPlaces.removeAll(keepingCapacity: true)
            admitted.removeAll(keepingCapacity: true)
        }
    }

    private func storedParameters() -> NetworkParameters {
        let key = Directory.parameters.stateKey(at: WellKnown.governance)
        // Read once per block, before its first write: a change counts from the next block on.
        guard let bytes = try? readUncharged(key), let stored = try? NetworkParameters(bcs: bytes) else {
            return NetworkParameters()
        }
        return stored
    }
}
