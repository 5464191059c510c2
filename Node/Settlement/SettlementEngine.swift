package import Chain
package import ContractKit
package import DataLake
internal import LedgerCrypto
package import Logging
package import Primitives
package import Trading

/// A period computed by the administrator's node, ready to be attested.
package struct PreparedSettlement: Sendable {
    package let community: CommunityView
    package let inputs: SettlementInputs
    package let batches: SettlementBatches
    package let result: SettlementResult

    package var request: AttestationRequest {
        AttestationRequest(
            community: community.address, inputs: inputs,
            batches: batches.digests.count > AttestationRequest.batchesMax ? SettlementBatches([]) : batches,
            claim: result.claim)
    }
}

/// Computes periods from lake and chain, and gathers the attestations for them.
package struct SettlementEngine: Sendable {
    /// Asks a partner's node; nil when it did not answer.
    package typealias Ask = @Sendable (_ partner: String, LakeMessage) async -> LakeMessage?

    let lake: DataLake
    private let chain: ChainSource
    private let log: Logger
    private let counters: SettlementCounters

    package init(
        lake: DataLake, log: Logger = Logger(label: "settlement"),
        counters: SettlementCounters = SettlementCounters(), chain: @escaping ChainSource
    ) {
        self.lake = lake
        self.counters = counters
        self.log = log
        self.chain = chain
    }

    private func view() throws(SettlementRefusal) -> ChainView {
        do { return try chain() } catch { throw .chain(error.description) }
    }

    /// Computes a period from what the lake has, and has the results and their salts stored there while partners attest.
    package func prepare(
        _ community: Address, period: PeriodNumber
    ) throws(SettlementRefusal) -> PreparedSettlement {
        var phases = PhaseTimer()
        let selection = try InputSelection(community: community, period: period, lake: lake, chain: try view())
        phases.mark("select")
        do {
            try checkChanged(selection)
            let version = selection.version
            guard let salts = try salts(selection, version: version) else {
                throw SettlementRefusal.noSalts(period, version: version)
            }
            phases.mark("salts")
            let inputs = selection.inputs(salts: salts)
            let result = try selection.task(salts: salts).run()
            phases.mark("compute")
            try lake.secrets.storeLater(
                salts, of: community, period: period, version: version, afterMilliseconds: 0)
            try lake.results.storeLater(
                result, inputs: inputs, batches: selection.named, of: community, afterMilliseconds: 0)
            phases.mark("store")
            phases.log(.settler, result.claim, log, counters)
            let prepared = PreparedSettlement(
                community: selection.community, inputs: inputs, batches: selection.named, result: result)
            lake.computed.add(prepared.request.record.digest)
            return prepared
        } catch let refusal as SettlementRefusal {
            throw refusal
        } catch let error as SettlementError {
            throw .computation(error)
        } catch let error as LakeError {
            throw .lake(error)
        } catch {
            throw .chain("\(error)")
        }
    }

    /// This node's own salts of a version, or those of an attempt by the administrator's node, which makes them. What another
    /// partner sent is not computed with.
    func salts(_ selection: InputSelection, version: UInt32) throws(LakeError) -> SaltList? {
        let (community, numbers) = (selection.community, selection.members.map(\.number))
        let own = try lake.secrets.salts(
            of: numbers, in: community.address, period: selection.period, version: version)
        if let own { return own }
        return try lake.secrets.salts(
            of: numbers, in: community.address, period: selection.period, version: version,
            origin: community.head.administrator)
    }

    /// A correction needs something to correct: what another settler put on the chain since this period was found to be due
    /// is compared like any settled period. A provisional one may also become final with the same balances.
    private func checkChanged(_ selection: InputSelection) throws(SettlementRefusal) {
        guard let previous = selection.previous, try !selection.makesFinal(previous) else { return }
        let version = previous.claim.version
        switch try change(in: selection) {
        case .same: throw .unchanged(selection.period, version: version)
        case .unknown: throw .noSalts(selection.period, version: version)
        case .changed: return
        }
    }

    /// Asks the partners of the policy, all at once, until enough of them attested. Every attestation is checked here,
    /// so that a partner that signs nonsense cannot spoil the transaction.
    package func attest(
        _ prepared: PreparedSettlement, ask: @escaping Ask
    ) async throws(SettlementRefusal) -> AttestedSettlement {
        let chain = try view()
        let rules = prepared.community.rules
        let partners = chain.attesters(of: rules)
        let needed = rules.attestation.needed(of: partners.count)
        let request = prepared.request
        let subject = request.record.digest
        var attestations: [Attestation] = []
        var refusals: [String] = []
        // Who is slow, or does not answer at all, holds nobody up: its task ends by itself.
        let (answers, answered) = AsyncStream<(String, LakeMessage?)>.makeStream()
        let tasks = partners.map { partner in
            Task { answered.yield((partner, await ask(partner, .attest(request)))) }
        }
        defer { for task in tasks { task.cancel() } }
        var waiting = partners.count
        for await (partner, answer) in answers {
            switch answer {
            case .attested(let attestation)?
            where chain.isValid(attestation, by: partner, of: subject, for: request.community):
                attestations.append(attestation)
            case .attested?: refusals.append("\(partner) signed something else")
            case .refused(let refusal)?: refusals.append("\(partner): \(refusal.text)")
            case nil: refusals.append("\(partner) did not answer")
            default: refusals.append("\(partner) answered something else")
            }
            waiting -= 1
            if attestations.count >= needed || waiting == 0 { break }
        }
        guard attestations.count >= needed else {
            throw .notEnoughAttestations(given: attestations.count, needed: needed, refusals: refusals.sorted())
        }
        // What goes on chain is durable here before.
        do { try lake.flush() } catch { throw .lake(error) }
        attestations.sort { $0.partner.utf8.lexicographicallyPrecedes($1.partner.utf8) }
        return AttestedSettlement(
            inputs: prepared.inputs, claim: prepared.result.claim,
            batches: rules.listsBatches ? prepared.batches : SettlementBatches([]), attestations: attestations)
    }
}

extension ChainView {
    /// Whether the attestation is this partner's, by one of its keys, of exactly this subject.
    package func isValid(
        _ attestation: Attestation, by partner: String, of subject: Digest, for instance: Address
    ) -> Bool {
        guard attestation.partner == partner, let keys = try? attestationKeys(of: partner),
            keys.contains(attestation.key)
        else { return false }
        let digest = Attestation.signingDigest(network: network, instance: instance, subject: subject)
        return SignatureVerifier.verify(attestation.signature, by: attestation.key, over: digest)
    }
}
