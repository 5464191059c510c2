internal import Chain
internal import ContractKit
internal import DataLake
internal import Foundation
internal import LedgerCrypto
internal import Logging
internal import NodeClient
internal import NodeRuntime
internal import Primitives
internal import RPC
internal import Replica
internal import Settlement
internal import Trading

/// The settler of a node: its engine over the node's lake and chain, and what starts its rounds.
struct SettlerWiring: Sendable {
    static let lookMilliseconds = 1_000

    let settler: Settler
    let settings: SettlerSwitch
    let wiring: LakeWiring
    private let logger: Logger

    init(_ wiring: LakeWiring, settings: SettlerSwitch, logger: Logger) {
        self.wiring = wiring
        self.settings = settings
        self.logger = logger
        let ports = SettlerPorts(
            partner: wiring.partner, chain: { () throws(StorageFailure) in wiring.chain() },
            ask: { partner, message in await wiring.ask(partner, message) },
            submit: { community, settlement in await SettlerWiring.submit(settlement, to: community, wiring) })
        settler = Settler(
            lake: wiring.lake, ports: ports, settings: settings.settings, log: logger, counters: wiring.counters)
    }

    /// Communities that the own partner runs, whose keys are in the lake, and those that the settings name.
    private func communities() throws -> [Address] {
        let own = try wiring.lake.secrets.communities()
        return (own + settings.communities.filter { !own.contains($0) }).sorted()
    }

    /// What is done and waited for; a node that does not settle by itself looks now.
    func report() async throws -> SettlerReport {
        if !settings.isOn { _ = try await settler.round(try communities(), looksOnly: true) }
        return await settler.report(isRunning: settings.isOn)
    }

    /// Works until its task is cancelled.
    func run() async {
        logger.info("settles communities by itself")
        var failure: String?
        while !Task.isCancelled {
            var settled = 0
            do {
                let status = await wiring.node.snapshot().status
                if !status.isSyncing, !status.isDiverged, wiring.node.view.tip.height > Height(0) {
                    settled = try await settler.round(try communities())
                }
                failure = nil
            } catch {
                if failure != "\(error)" { logger.warning("settling stands still: \(error)") }
                failure = "\(error)"
            }
            let pause = settled > 0 ? 10 : SettlerWiring.lookMilliseconds
            do { try await Task.sleep(for: .milliseconds(pause)) } catch { return }
        }
    }

    /// Signs with the partner's operator key, and waits until the settlement is final or has no more chance to be.
    private static func submit(
        _ settlement: AttestedSettlement, to community: Address, _ wiring: LakeWiring
    ) async -> SettlerSubmission {
        do {
            let body = TransactionBody(
                network: wiring.node.network, sender: wiring.operatorKey.publicKey,
                expiry: Timestamp.wallClock.adding(milliseconds: NodeWiring.lifetimeMilliseconds),
                salt: UInt64.random(in: 0...UInt64.max), calls: [Community.settle.call(on: community, settlement)])
            let transaction = try Transaction(signing: body, with: wiring.operatorKey)
            if let refusal = try await wiring.node.submit([transaction]).first ?? nil {
                if case .notAdmitted(let rejection) = refusal {
                    return .rejected(code: rejection.code, text: rejection.text)
                }
                return .unknown("the pool did not take it: \(refusal)")
            }
            while Timestamp.wallClock < body.expiry, !Task.isCancelled {
                switch try await wiring.node.outcome(of: transaction.digest, waitingMilliseconds: 5_000) {
                case .final(_, let receipt):
                    guard let rejection = receipt.rejection else { return .settled }
                    return .rejected(code: rejection.code, text: rejection.text)
                case .dropped(let reason): return .unknown("it left the pool: \(reason)")
                case .pending: continue
                }
            }
            return .unknown("it is not final yet")
        } catch {
            return .unknown("\(error)")
        }
    }
}

extension LakeRoutes {
    /// What the settler does and waits for. It names meters, so it is for the own partner only.
    func settlerState() async throws -> APIAnswer {
        try LakeRoutes.json(try await settler.report())
    }
}
