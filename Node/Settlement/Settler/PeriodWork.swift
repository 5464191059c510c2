internal import Chain
internal import ContractKit
internal import DataLake
internal import Primitives
internal import Trading

/// One period in the hands of a settler.
struct PeriodWork: Sendable {
    enum Look: Sendable {
        /// To be settled or corrected now.
        case due
        case waits(PeriodLack, until: Timestamp)
        /// Final, and its readings are others now: those with this root.
        case changed(Digest)
        /// Nothing to do.
        case rests
        case fails(String)
    }

    enum Outcome: Sendable {
        case settled(SettlementStage)
        /// The state moved on, mostly since another settler was faster.
        case overtaken(String)
        case fails(String)
        case unknown(String)
    }

    let address: Address
    let period: PeriodNumber
    let lake: DataLake
    let engine: SettlementEngine
    let ports: SettlerPorts
    let settings: SettlerSettings

    private func selection(_ chain: ChainView) throws(SettlementRefusal) -> InputSelection {
        try InputSelection(community: address, period: period, lake: lake, chain: chain)
    }

    private func sync(_ chain: ChainView) -> LakeSync {
        LakeSync(partner: ports.partner, lake: lake, chain: chain, ask: ports.ask)
    }

    /// What is to be done for the period as chain and lake are now.
    func look(_ chain: ChainView) async -> Look {
        do throws(SettlementRefusal) {
            let selection = try selection(chain)
            switch selection.previous?.claim.stage {
            case .final, .corrected: return try await compare(selection, chain)
            case nil, .provisional: return try judge(selection, chain)
            }
        } catch {
            switch error {
            case .noMembers, .notOver, .windowClosed: return .rests
            case .closed where isFinal(chain): return .rests
            default: return .fails(error.description)
            }
        }
    }

    private func isFinal(_ chain: ChainView) -> Bool {
        (try? chain.windowClosing(of: address, period: period)) != nil
    }

    /// Open periods wait until the data deadline, provisional ones until the deadline of the rules.
    private func judge(_ selection: InputSelection, _ chain: ChainView) throws(SettlementRefusal) -> Look {
        let lack: PeriodLack
        do { lack = try selection.lack() } catch { throw .computation(error) }
        let rules = selection.community.rules
        guard let end = rules.period.end(of: period) else { return .rests }
        let deadline = rules.deadline(afterEnd: end)
        if selection.previous == nil {
            let until = min(end.adding(milliseconds: settings.dataMilliseconds), deadline)
            return lack.isNothing || chain.time >= until ? .due : .waits(lack, until: until)
        }
        return !lack.lacksReadings || chain.time >= deadline ? .due : .waits(lack, until: deadline)
    }

    private func compare(_ selection: InputSelection, _ chain: ChainView) async throws(SettlementRefusal) -> Look {
        var change = try engine.change(in: selection)
        if change == .unknown, let version = selection.previous?.claim.version,
            await sync(chain).fetchSalts(selection.community, selection.members, period, version)
        {
            change = try engine.change(in: selection)
        }
        switch change {
        case .same: return .rests
        case .changed: return .changed(selection.named.root)
        case .unknown:
            return .fails("the salts of period \(period) are not here, and no partner that answered has them")
        }
    }

    /// Computes, has attested, and puts on the chain. The period was found to be due in `looked`, which may be older than `chain`.
    func settle(_ chain: ChainView, dueIn looked: ChainView) async -> Outcome {
        do throws(SettlementRefusal) {
            let selection = try selection(chain)
            let sync = sync(chain)
            guard await sync.fetchSalts(selection.community, selection.members, period, selection.version) else {
                throw .noSalts(period, version: selection.version)
            }
            let prepared = try await prepare(selection, sync)
            let attested = try await engine.attest(prepared, ask: ports.ask)
            switch await ports.submit(address, attested) {
            case .settled: return .settled(attested.claim.stage)
            case .rejected(let code, let text):
                if PeriodWork.races.contains(code) { return .overtaken(text) }
                return .fails("the chain refused it: \(text) (rejection \(code))")
            case .unknown(let why): return .unknown(why)
            }
        } catch {
            if case .unchanged = error { return .overtaken(error.description) }
            return hasMovedOn(since: looked) ? .overtaken(error.description) : .fails(error.description)
        }
    }

    /// Computes the period. The salts of the version that it replaces are fetched where that one must be computed again, to compare.
    private func prepare(
        _ selection: InputSelection, _ sync: LakeSync
    ) async throws(SettlementRefusal) -> PreparedSettlement {
        do throws(SettlementRefusal) {
            return try engine.prepare(address, period: period)
        } catch {
            guard case .noSalts(_, let version) = error, version != selection.version,
                await sync.fetchSalts(selection.community, selection.members, period, version)
            else { throw error }
            return try engine.prepare(address, period: period)
        }
    }

    /// Whether the period has another settlement than in `chain`: then who was asked to attest refuses, too.
    private func hasMovedOn(since chain: ChainView) -> Bool {
        do throws(StorageFailure) {
            let before = try chain.settlement(of: address, period: period)?.digest
            return try ports.chain().settlement(of: address, period: period)?.digest != before
        } catch {
            return false
        }
    }

    /// Rejections that only say that the state has moved on since the period was computed.
    static let races: Set<UInt16> = [
        Community.alreadySettled.code, Community.otherPrevious.code, Community.otherMembers.code,
        Community.wrongStage.code, Community.windowClosed.code,
    ]
}
