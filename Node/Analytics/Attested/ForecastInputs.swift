internal import Chain
package import DataLake
internal import LedgerCrypto
package import Primitives
internal import Settlement
internal import Trading

/// What a recorded forecast is computed from, as this node's lake and the chain have it: the anchored readings of the
/// community's members over the days before. Whoever computes and whoever recomputes run the same selection.
package struct ForecastInputs: Sendable {
    package let community: CommunityView
    /// Content addresses, ascending.
    package let digests: [Digest]
    package let series: NetLoadSeries

    /// Batches that the lake may list for one forecast: some corrections of each input, and what nobody anchored.
    static let entriesMax = 4 * ResultRequest.inputsMax

    /// Throws a `LakeRefusal` that says what is in the way.
    package init(_ parameters: ForecastParameters, lake: DataLake, chain: ChainView) throws {
        guard let community = try chain.community(parameters.community) else {
            throw LakeRefusal(.unknown, "the chain has no community \(parameters.community)")
        }
        self.community = community
        guard parameters.members == community.head.members else {
            throw LakeRefusal(.otherInputs, "it was computed for other members than the community has now")
        }
        let local = community.rules.clock.local(at: parameters.day)
        guard local.minute == 0, parameters.day.value % NetLoadSeries.hourMilliseconds == 0,
            let start = parameters.start
        else {
            throw LakeRefusal(.malformed, "the day does not begin at a midnight by the community's clock")
        }
        let period = community.rules.period.period(at: parameters.day)
        let meters = try chain.members(of: community, in: period).flatMap(\.meters)
        let found: [(digest: Digest, batch: ReadingBatch)]
        do {
            // A community's meters are few beside a lake's, and its days are many: the index has days of all meters, so the
            // catalogue is asked meter by meter.
            found = try AnchoredReadings.batches(
                of: meters, from: start, to: parameters.day, lake: lake, chain: chain,
                perMeterMax: ResultRequest.inputsMax, countMax: ResultRequest.inputsMax,
                entriesMax: ForecastInputs.entriesMax, omitsDeleted: true, usesIndex: false)
        } catch .lake(let error) {
            throw error
        } catch .damaged(let batch, let meter) {
            throw LakeRefusal(.damaged, "this lake's copy of batch \(batch.short) of meter \(meter) is damaged")
        } catch .tooManyBatches {
            throw LakeRefusal(
                .malformed,
                "the days draw on more than \(ResultRequest.inputsMax) batches; forecast from fewer days")
        } catch {
            throw LakeRefusal(.unavailable, error.description)
        }
        guard !found.isEmpty else {
            throw LakeRefusal(.notHeld, "this lake has no anchored readings of the community in those days")
        }
        digests = found.map(\.digest).sorted()
        // The first day's place in the week, counted back from the forecast day's.
        let weekday = (local.weekday + 7 * 200 - Int(parameters.days)) % 7
        series = NetLoadSeries(
            readings: found.map(\.batch), start: start, weekday: UInt8(weekday), days: Int(parameters.days))
    }

    /// As a claim names them.
    package var root: Digest { ForecastInputs.root(digests) }

    package static func root(_ digests: [Digest]) -> Digest { MerkleTree.root(digests) }
}
