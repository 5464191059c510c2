internal import Chain
internal import ContractKit
internal import Primitives

extension Identity {
    static func initialize(_ context: Context, _ genesis: IdentityGenesis) throws(Rejection) -> Nothing {
        guard context.caller.origin == .genesis else { throw HostRejection.notPermitted() }
        try require(DID.isNetwork(genesis.network), nameWrong("the network"))
        try network.set(NetworkName(name: genesis.network), in: context)
        for meter in genesis.meters {
            try require(meter.community == nil && !meter.isRetired && meter.freeFrom == Timestamp(0), notConfirmed())
            try add(meter, context)
        }
        return Nothing()
    }

    static func registerMeter(_ context: Context, _ request: RegisterMeter) throws(Rejection) -> Nothing {
        let caller = try context.requirePartner(with: [.dataProvider, .gridOperator])
        // A data provider registers what it reads; a grid operator what is in its grid.
        try require(caller == request.dataProvider || caller == request.gridOperator, HostRejection.notAuthorised())
        let isConfirmed = caller == request.gridOperator && context.caller.roles.contains(.gridOperator)
        try add(
            Meter(
                number: request.meter, gridOperator: request.gridOperator, dataProvider: request.dataProvider,
                holder: request.holder, key: request.key, isConfirmed: isConfirmed), context)
        return Nothing()
    }

    private static func add(_ meter: Meter, _ context: Context) throws(Rejection) {
        try require(!Directory.meters.contains(meter.number, in: context), meterExists("\(meter.number)"))
        try check(meter.gridOperator, has: .gridOperator, context)
        try check(meter.dataProvider, has: .dataProvider, context)
        try store(meter, context)
    }

    private static func check(_ id: String, has role: Roles, _ context: Context) throws(Rejection) {
        guard let partner = try context.partner(id), !partner.isSuspended, partner.roles.contains(role) else {
            throw partnerWithoutRole(id)
        }
    }

    static func confirmMeter(_ context: Context, _ request: ConfirmMeter) throws(Rejection) -> Nothing {
        var meter = try operatedMeter(request.meter, context)
        try require(!meter.isConfirmed, alreadyConfirmed())
        try require(meter.holder == request.holder, notConfirmed("the registration names another holder"))
        meter.isConfirmed = true
        try store(meter, context)
        return Nothing()
    }

    static func retireMeter(_ context: Context, _ request: MeterID) throws(Rejection) -> Nothing {
        var meter = try operatedMeter(request.meter, context)
        try require(meter.community == nil, inCommunity())
        meter.isRetired = true
        try store(meter, context)
        return Nothing()
    }

    static func joinMeter(_ context: Context, _ request: JoinMeter) throws(Rejection) -> Nothing {
        guard case .instance(let community) = context.caller.origin else { throw HostRejection.notPermitted() }
        var meter = try liveMeter(request.meter, context)
        try require(meter.isConfirmed && meter.holder == request.holder, notConfirmed("\(request.meter)"))
        try require(meter.community == nil, inCommunity("\(request.meter)"))
        // The same hour is settled once, also where a membership was ended after another one could have begun.
        try require(
            request.from >= meter.freeFrom,
            notFree("meter \(request.meter) is free from \(meter.freeFrom.milliseconds) ms on"))
        meter.community = community
        try store(meter, context)
        return Nothing()
    }

    static func leaveMeter(_ context: Context, _ request: LeaveMeter) throws(Rejection) -> Nothing {
        guard case .instance(let community) = context.caller.origin else { throw HostRejection.notPermitted() }
        var meter = try liveMeter(request.meter, context)
        try require(meter.community == community, notInCommunity("\(request.meter)"))
        meter.community = nil
        meter.freeFrom = max(meter.freeFrom, request.until)
        try store(meter, context)
        return Nothing()
    }

    // MARK: Parts

    static func meter(_ number: UInt64, _ context: Context) throws(Rejection) -> Meter {
        guard let meter = try Directory.meters.get(number, in: context) else { throw meterUnknown("\(number)") }
        return meter
    }

    private static func liveMeter(_ number: UInt64, _ context: Context) throws(Rejection) -> Meter {
        let meter = try meter(number, context)
        try require(!meter.isRetired, meterRetired("\(number)"))
        return meter
    }

    private static func operatedMeter(_ number: UInt64, _ context: Context) throws(Rejection) -> Meter {
        let caller = try context.requirePartner(with: .gridOperator)
        let meter = try liveMeter(number, context)
        try require(meter.gridOperator == caller, notItsOperator())
        return meter
    }

    private static func store(_ meter: Meter, _ context: Context) throws(Rejection) {
        try Directory.meters.set(meter.number, meter, in: context)
        try context.emit(meterChanged, meter)
    }
}
