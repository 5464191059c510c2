internal import Chain
internal import DataLake
internal import Primitives
internal import Trading

/// What partners have of a version that the chain took, believed of nobody: the inputs by the digest in the chain's record,
/// batches and salts by the digests in the inputs. So who gives something else has planted nothing.
struct SettledFetch: Sendable {
    let community: Address
    let record: SettlementRecord
    /// Those who are asked, one after the other.
    let others: [String]
    let ask: SettlementEngine.Ask

    private var period: PeriodNumber { record.claim.period }
    private var version: UInt32 { record.claim.version }

    /// Nil when nobody gave them.
    func inputs() async -> SettlementInputs? {
        let message = LakeMessage.inputs(community: community, period: period, version: version)
        for other in others {
            if case .settledInputs(let inputs)? = await ask(other, message), inputs.digest == record.inputs {
                return inputs
            }
        }
        return nil
    }

    /// The salts that `inputs`, which are the record's, name.
    func salts(_ inputs: SettlementInputs) async -> SaltList? {
        let parts = SaltParts(community: community, period: period, version: version)
        for other in others {
            let salts = await parts.fetch(count: Int(record.claim.members)) { await ask(other, $0) }
            if let salts, salts.digest == inputs.salts { return salts }
        }
        return nil
    }

    /// The batches that `inputs`, which are the record's, name.
    func batches(_ inputs: SettlementInputs) async -> SettlementBatches? {
        let parts = BatchParts(community: community, period: period, version: version)
        for other in others {
            let batches = await parts.fetch(count: inputs.batchCount) { await ask(other, $0) }
            if let batches, inputs.names(batches) { return batches }
        }
        return nil
    }
}
