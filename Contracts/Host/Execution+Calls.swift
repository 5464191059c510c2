internal import Chain
internal import ContractKit
internal import Primitives

/// An instance with the code that it runs in this block. An object: a definition has many parts, and every call looks here.
final class Resolved {
    let contract: ContractDefinition
    let status: InstanceRecord.Status

    init(contract: ContractDefinition, status: InstanceRecord.Status) {
        self.contract = contract
        self.status = status
    }
}

extension Execution {
    /// The code of an instance. A version that this release lacks is a local failure: going on would fork the state.
    func resolve(_ address: Address) throws(Rejection) -> Resolved {
        let cacheKey = ByteKey(address.bytes)
        if let hit = resolved[cacheKey] { return hit }
        let key = HostState.instances.stateKey(address, at: WellKnown.host)
        guard let record: InstanceRecord = try decoded(readUncharged(key)) else {
            throw HostRejection.unknownInstance(address.description)
        }
        let contract =
            record.followsActive
            ? try activeContract(record.contract) : try carried(record.contract, version: record.version)
        let found = Resolved(contract: contract, status: record.status)
        resolved[cacheKey] = found
        return found
    }

    /// The active version of a contract, of exactly the sources that were activated. Others under the same number would
    /// fork the state as well. A genesis that names none, by the digest zero, leaves them to its founders.
    func activeContract(_ name: String) throws(Rejection) -> ContractDefinition {
        let key = Directory.activeVersions.stateKey(name, at: WellKnown.governance)
        guard let active: ActiveVersion = try decoded(readUncharged(key)) else {
            throw HostRejection.unknownVersion(name)
        }
        let version = active.version(at: block.height)
        // Version 0 stands for a contract whose first activation lies ahead.
        guard version > 0 else { throw HostRejection.unknownVersion(name) }
        let contract = try carried(name, version: version)
        let sources = active.sources(at: block.height)
        guard sources == .zero || contract.sources == sources else {
            failure = StorageFailure(
                "this release carries \(name) version \(version) with the sources \(contract.sources.short), and the network runs it with \(sources.short): install the release that carries those"
            )
            throw HostRejection.localFailure()
        }
        return contract
    }

    private func carried(_ name: String, version: UInt32) throws(Rejection) -> ContractDefinition {
        if let contract = release.contract(name, version: version) { return contract }
        failure = StorageFailure(
            "this release lacks \(name) version \(version), which the network runs: install a release that carries it")
        throw HostRejection.localFailure()
    }

    func decoded<Value: BCSDecodable>(_ bytes: [UInt8]?) throws(Rejection) -> Value? {
        guard let bytes else { return nil }
        do { return try Value(bcs: bytes) } catch { throw HostRejection.malformedState(error.description) }
    }

    /// Runs one call of one instance. Writes of a rejected call stay until the caller rolls back.
    func invoke(
        _ address: Address, method: UInt16, arguments: [UInt8], caller: Caller, depth: Int
    ) throws(Rejection) -> [UInt8] {
        try spend(Work.call + Work.argumentByte * UInt64(arguments.count))
        let target = try resolve(address)
        guard target.status == .active else { throw HostRejection.instanceEnded(address.description) }
        guard let call = target.contract.call(method) else {
            throw HostRejection.unknownMethod("\(target.contract.name) has no call \(method)")
        }
        return try run(call, of: address, arguments: arguments, caller: caller, depth: depth)
    }

    func run(
        _ call: CallDeclaration, of address: Address, arguments: [UInt8], caller: Caller, depth: Int
    ) throws(Rejection) -> [UInt8] {
        guard depth <= Execution.depthMax else { throw HostRejection.callDepth() }
        if frames.contains(address) { throw HostRejection.reentered(address.description) }
        frames.append(address)
        defer {
            frames.removeLast()
            // These two decide who may act and which code runs.
            if address == WellKnown.governance || address == WellKnown.identity { forgetResolved() }
        }
        let context = Context(instance: address, caller: caller, depth: depth, services: self)
        let output = try call.run(context, arguments)
        guard isReadOnly || output.count <= Receipt.outputBytesMax else { throw HostRejection.outputTooLong() }
        return output
    }

    func send(
        from context: Context, to instance: Address, method: UInt16, arguments: [UInt8]
    ) throws(Rejection) -> [UInt8] {
        let caller = Caller(
            origin: .instance(context.instance), key: context.caller.key, partner: context.caller.partner,
            roles: context.caller.roles, isDelegate: context.caller.isDelegate)
        return try undoing { () throws(Rejection) in
            try self.invoke(instance, method: method, arguments: arguments, caller: caller, depth: context.depth + 1)
        }
    }

    /// Undoes the writes and events of `body` when it rejects.
    func undoing<Value>(_ body: () throws(Rejection) -> Value) throws(Rejection) -> Value {
        let point = savepoint()
        do {
            return try body()
        } catch {
            rollBack(to: point)
            throw error
        }
    }
}
