internal import Chain
internal import ContractKit
internal import Primitives
internal import Synchronization
internal import Trading

/// Which batches there are for each meter and day, with what the chain says of them: kept in step with the catalogue and
/// with the events of final blocks, so that a period's inputs are looked up instead of read.
///
/// It answers what `DataLake.candidatesOfState` answers, or nothing: what it cannot be sure of is left to that.
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
    }

    private let state = Mutex(State())

    /// Batches of the meters that overlap [from, to), by meter and digest; nil when the index does not have them. The meters
    /// ascend.
    func candidates(
        of meters: [MeterNumber], from: Timestamp, to: Timestamp, _ catalogue: Catalogue, _ chain: ChainView
    ) throws -> [InputCandidate]? {
        guard let events = chain.events, let span = IndexedDay.span(from, to) else { return nil }
        let result = state.withLock { state -> Result<[InputCandidate]?, any Error> in
            Result {
                let place = try LakeIndex.place(of: span, &state, catalogue)
                guard let place else { return nil }
                let answer = try chain.cache.events.follow(events, from: state.days[place].number(in: chain.cache))
                try state.days[place].follow(catalogue)
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
                guard let place = try LakeIndex.place(of: span, &state, catalogue) else { return [MeterNumber]() }
                try state.days[place].follow(catalogue)
                return state.days[place].allMeters
            }
        }
        return try result.get()
    }

    /// Reads the day when it is not here; nil when it is too large.
    private static func place(
        of span: Range<Timestamp>, _ state: inout State, _ catalogue: Catalogue
    ) throws -> Int? {
        if let place = state.days.firstIndex(where: { $0.span == span }) {
            if try state.days[place].isInStep(catalogue) {
                state.days.append(state.days.remove(at: place))
                return state.days.count - 1
            }
            state.days.remove(at: place)
        }
        if state.tooLarge.contains(span.lowerBound) { return nil }
        guard let day = try IndexedDay(span, catalogue, entriesMax: entriesMax) else {
            if state.tooLarge.count >= tooLargeMax { state.tooLarge = [] }
            state.tooLarge.insert(span.lowerBound)
            return nil
        }
        func isFull() -> Bool {
            state.days.count >= daysMax || state.days.reduce(day.count) { $0 + $1.count } > entriesMax
        }
        while !state.days.isEmpty, isFull() { state.days.removeFirst() }
        state.days.append(day)
        return state.days.count - 1
    }
}
