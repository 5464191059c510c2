internal import Chain
internal import ContractKit
internal import Primitives
internal import Synchronization
internal import Trading

/// Which batches there are for each meter and day, with what the chain says of them: kept in step with the catalogue and
/// with the events of final blocks, so that a period's inputs are looked up instead of read.
///
/// It answers what `DataLake.candidatesOfState` answers, or nothing: what it cannot be sure of is left to that.
///
/// Invariant: after every answer the days have `entriesMax` batches at most, together; a day that grows pushes out those
/// that were used longest ago, and itself when it is too large.
final class LakeIndex: Sendable {
    /// Batches of all days together; some 150 MB.
    static let entriesMax = 600_000
    static let daysMax = 8
    static let tooLargeMax = 64

    private struct State {
        /// Those used last at the end.
        var days: [IndexedDay] = []
        /// Starts of days that have too many batches.
        var tooLarge: Set<Timestamp> = []

        var count: Int { days.reduce(0) { $0 + $1.count } }
    }

    private let state = Mutex(State())
    private let entriesMax: Int

    init(entriesMax: Int = LakeIndex.entriesMax) { self.entriesMax = entriesMax }

    /// Batches that are kept, of all days.
    var count: Int { state.withLock { $0.count } }

    /// Batches of the meters that overlap [from, to), by meter and digest; nil when the index does not have them. The meters
    /// ascend.
    func candidates(
        of meters: [MeterNumber], from: Timestamp, to: Timestamp, _ catalogue: Catalogue, _ chain: ChainView
    ) throws -> [InputCandidate]? {
        guard let events = chain.events, let span = IndexedDay.span(from, to) else { return nil }
        let result = state.withLock { state -> Result<[InputCandidate]?, any Error> in
            Result {
                guard let place = try place(of: span, &state, catalogue) else { return nil }
                let answer = try chain.cache.events.follow(events, from: state.days[place].number(in: chain.cache))
                try state.days[place].follow(answer, chain, events)
                guard try state.days[place].complete(meters, chain, events, answer) else { return nil }
                return state.days[place].candidates(of: meters, from: from, to: to, at: events.height)
            }
        }
        return try result.get()
    }

    /// Meters that have batches in the day that contains [from, to); none when it is too large for the index.
    func meters(from: Timestamp, to: Timestamp, _ catalogue: Catalogue) throws -> [MeterNumber] {
        guard let span = IndexedDay.span(from, to) else { return [] }
        let result = state.withLock { state in
            Result {
                guard let place = try place(of: span, &state, catalogue) else { return [MeterNumber]() }
                return state.days[place].allMeters
            }
        }
        return try result.get()
    }

    /// The day as the catalogue has it now, the last of `days`: read when it is not here. Nil when it is too large.
    private func place(
        of span: Range<Timestamp>, _ state: inout State, _ catalogue: Catalogue
    ) throws -> Int? {
        var known: IndexedDay?
        if let place = state.days.firstIndex(where: { $0.span == span }) {
            // Out of the list, so that it is not copied when it grows.
            known = state.days.remove(at: place)
            if known?.isInStep(catalogue) == false { known = nil }
        }
        if state.tooLarge.contains(span.lowerBound) { return nil }
        // Changed since, more than can be followed: read anew.
        do { try known?.follow(catalogue) } catch { known = nil }
        guard let day = try known ?? IndexedDay(span, catalogue, entriesMax: entriesMax), day.count <= entriesMax else {
            if state.tooLarge.count >= LakeIndex.tooLargeMax { state.tooLarge = [] }
            state.tooLarge.insert(span.lowerBound)
            return nil
        }
        while !state.days.isEmpty, state.days.count >= LakeIndex.daysMax || state.count + day.count > entriesMax {
            state.days.removeFirst()
        }
        state.days.append(day)
        return state.days.count - 1
    }
}
