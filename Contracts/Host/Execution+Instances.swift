internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Execution {
    func create(
        from context: Context, contract: String, arguments: [UInt8], superseding: Bool
    ) throws(Rejection) -> Address {
        if isReadOnly { throw HostRejection.readOnly() }
        try spend(Work.instance + Work.argumentByte * UInt64(arguments.count))
        let definition = try activeContract(contract)
        guard definition.isInstantiable else {
            throw HostRejection.notPermitted("\(contract) has its genesis instance only")
        }
        let address = Address(createdBy: transaction, index: createdCount)
        createdCount += 1
        // Nobody signed a scheduled call: what it creates belongs to the creator of its instance.
        let parent: InstanceRecord? = try decoded(
            readUncharged(HostState.instances.stateKey(context.instance, at: WellKnown.host)))
        let record = InstanceRecord(
            contract: contract, version: definition.version, followsActive: false,
            creator: context.caller.partner ?? parent?.creator ?? "",
            created: block.height, supersedes: superseding ? context.instance : nil)
        try store(record, at: address)
        let caller = Caller(
            origin: .instance(context.instance), key: context.caller.key, partner: context.caller.partner,
            roles: context.caller.roles, isDelegate: context.caller.isDelegate)
        try initialize(definition, at: address, arguments: arguments, caller: caller, depth: context.depth + 1)
        if superseding { try setStatus(.superseded(by: address), of: context.instance) }
        return address
    }

    func end(from context: Context) throws(Rejection) {
        if isReadOnly { throw HostRejection.readOnly() }
        try setStatus(.ended, of: context.instance)
    }

    func store(_ record: InstanceRecord, at address: Address) throws(Rejection) {
        try asHost { (host) throws(Rejection) in
            try HostState.instances.set(address, record, in: host)
            try HostState.instanceLog.append(address, in: host)
        }
        let notice = InstanceNotice(
            instance: address, contract: record.contract, version: record.version, supersedes: record.supersedes)
        try emit(Event(instance: WellKnown.instances, kind: InstanceService.created.number, payload: notice.bcs))
    }

    func initialize(
        _ contract: ContractDefinition, at address: Address, arguments: [UInt8], caller: Caller, depth: Int
    ) throws(Rejection) {
        guard let call = contract.initialize else {
            guard arguments.isEmpty else {
                throw HostRejection.malformedArguments("\(contract.name) is created without arguments")
            }
            return
        }
        _ = try run(call, of: address, arguments: arguments, caller: caller, depth: depth)
    }

    private func setStatus(_ status: InstanceRecord.Status, of address: Address) throws(Rejection) {
        let key = HostState.instances.stateKey(address, at: WellKnown.host)
        guard var record: InstanceRecord = try decoded(readUncharged(key)), !record.followsActive else {
            throw HostRejection.notPermitted("an instance of genesis does not end")
        }
        guard record.status == .active else { throw HostRejection.instanceEnded(address.description) }
        record.status = status
        let changed = record
        try asHost { (host) throws(Rejection) in try HostState.instances.set(address, changed, in: host) }
        resolved.removeAll(keepingCapacity: true)
        let notice = InstanceNotice(
            instance: address, contract: record.contract, version: record.version, supersedes: record.supersedes)
        try emit(Event(instance: WellKnown.instances, kind: InstanceService.ended.number, payload: notice.bcs))
    }
}
