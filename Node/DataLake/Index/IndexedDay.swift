internal import Chain
internal import ContractKit
internal import Primitives
internal import Trading

/// The batches that reach into one day (UTC), by meter.
///
/// Invariants: the entries are those of the catalogue up to change `catalogueNumber`; what is known of a batch on the chain
/// holds at height `followed` of `cache`'s log of events. Anchors and deletions never go away, and both are kept with
/// their height, so the same tells how it was at any height below, too.
struct IndexedDay {
    static let milliseconds: UInt64 = 86_400_000

    /// What the chain says of a batch.
    fileprivate struct Fact {
        var owner: String?
        var isReadings = false
        var supersedes: Digest?
        /// Nil while it is not anchored.
        var anchoredAt: Height?
        /// Not before this height is it known to be deleted; nil while it is not.
        var deletedAt: Height?
        /// The deletion was found in the state, so it is somewhat older.
        var isDeletionOlder = false
    }

    private struct Slot {
        var entry: BatchEntry
        /// Nil while it was not read.
        var fact: Fact?
    }

    private struct MeterBatches {
        /// Of the meter's registration, which never changes; nil while it is not known.
        var provider: String?
        /// Ascending by digest.
        var slots: [Slot] = []
        var lacksFacts = true
    }

    let span: Range<Timestamp>
    private(set) var count = 0
    private var places: [MeterNumber: Int] = [:]
    private var meters: [MeterBatches] = []
    /// Meter of each batch.
    private var meterOf: [Digest: Int] = [:]
    private var catalogueNumber: UInt64 = 0
    private let entriesMax: Int
    private var cache: ChainCache?
    private var eventNumber: UInt64 = 0
    private var followed = Height(0)

    /// The day that contains [from, to); nil when no single day does.
    static func span(_ from: Timestamp, _ to: Timestamp) -> Range<Timestamp>? {
        let start = from.value / milliseconds * milliseconds
        let (end, overflow) = start.addingReportingOverflow(milliseconds)
        guard !overflow, from < to, to.value <= end else { return nil }
        return Timestamp(start)..<Timestamp(end)
    }

    /// Nil when the day has too many batches.
    init?(_ span: Range<Timestamp>, _ catalogue: Catalogue, entriesMax: Int) throws {
        self.span = span
        self.entriesMax = entriesMax
        let (entries, next) = try catalogue.listed(from: span.lowerBound, to: span.upperBound, limit: entriesMax + 1)
        guard entries.count <= entriesMax else { return nil }
        catalogueNumber = next
        places.reserveCapacity(entries.count)
        meterOf.reserveCapacity(entries.count)
        for entry in entries { put(entry) }
    }

    private mutating func put(_ entry: BatchEntry) {
        guard entry.from < span.upperBound, entry.to > span.lowerBound else { return }
        let place = places[entry.meter] ?? meters.count
        if place == meters.count {
            places[entry.meter] = place
            meters.append(MeterBatches())
        }
        let slots = meters[place].slots
        let at = slots.firstIndex { $0.entry.digest >= entry.digest } ?? slots.count
        if at < slots.count, slots[at].entry.digest == entry.digest {
            meters[place].slots[at].entry = entry
            return
        }
        meters[place].slots.insert(Slot(entry: entry, fact: nil), at: at)
        meters[place].lacksFacts = true
        meterOf[entry.digest] = place
        count += 1
    }

    // MARK: Following

    /// False when the catalogue does not keep all changes since, or they were too many for this day.
    func isInStep(_ catalogue: Catalogue) throws -> Bool {
        count <= entriesMax && catalogue.changes.entries(from: catalogueNumber).entries != nil
    }

    mutating func follow(_ catalogue: Catalogue) throws {
        let (entries, next) = catalogue.changes.entries(from: catalogueNumber)
        guard let entries else { throw LakeError.storage("the catalogue changed faster than it can be followed") }
        for entry in entries { put(entry) }
        catalogueNumber = next
    }

    /// Where to go on in the log of events; nil when another one was followed.
    func number(in cache: ChainCache) -> UInt64? { self.cache === cache ? eventNumber : nil }

    mutating func follow(_ answer: EventLog.Answer, _ chain: ChainView, _ events: ChainEvents) throws {
        if let changes = answer.changes {
            for entry in changes {
                switch entry.change {
                case .anchored(let anchor): change(anchor.digest) { $0.anchor(anchor) }
                case .deleted(let digest): change(digest) { $0.deletedAt = $0.deletedAt ?? entry.height }
                case .membership: continue
                }
            }
        } else {
            for place in meters.indices {
                for at in meters[place].slots.indices { meters[place].slots[at].fact = nil }
                meters[place].lacksFacts = true
            }
        }
        cache = chain.cache
        eventNumber = answer.next
        followed = answer.followed
    }

    private mutating func change(_ digest: Digest, _ body: (inout Fact) -> Void) {
        guard let place = meterOf[digest],
            let at = meters[place].slots.firstIndex(where: { $0.entry.digest == digest }),
            // What was not read yet will be read as it is then.
            var fact = meters[place].slots[at].fact
        else { return }
        body(&fact)
        meters[place].slots[at].fact = fact
    }

    /// Reads what is not known of the meters' batches; false when the view is older than what is followed, so that it
    /// cannot tell.
    mutating func complete(
        _ numbers: [MeterNumber], _ chain: ChainView, _ events: ChainEvents, _ answer: EventLog.Answer
    ) throws -> Bool {
        let lacking = numbers.compactMap { places[$0] }.filter { meters[$0].lacksFacts }
        if lacking.isEmpty { return true }
        guard answer.followed == events.height else { return false }
        var unknown: [(place: Int, at: Int)] = []
        for place in lacking {
            for at in meters[place].slots.indices where meters[place].slots[at].fact == nil {
                unknown.append((place, at))
            }
        }
        let digests = unknown.map { meters[$0.place].slots[$0.at].entry.digest }
        let anchors = try chain.anchors(digests)
        let deleted = try chain.deleted(among: digests)
        for (index, (place, at)) in unknown.enumerated() {
            var fact = Fact()
            if let anchor = anchors[index] { fact.anchor(anchor) }
            if deleted.contains(digests[index]) { (fact.deletedAt, fact.isDeletionOlder) = (events.height, true) }
            meters[place].slots[at].fact = fact
        }
        let numbers = lacking.compactMap { meters[$0].slots.first?.entry.meter }
        for (place, provider) in zip(lacking, try chain.dataProviders(of: numbers)) {
            meters[place].provider = provider
            // A meter that is not registered yet is asked for again.
            meters[place].lacksFacts = provider == nil
        }
        return true
    }

    // MARK: Looking up

    /// In no order.
    var allMeters: [MeterNumber] { Array(places.keys) }

    /// Nil when it cannot be told how it was at that height.
    func candidates(
        of numbers: [MeterNumber], from: Timestamp, to: Timestamp, at height: Height
    ) -> [InputCandidate]? {
        var found: [InputCandidate] = []
        found.reserveCapacity(numbers.count)
        for number in numbers {
            guard let place = places[number] else { continue }
            let provider = meters[place].provider
            for slot in meters[place].slots where slot.entry.from < to && slot.entry.to > from {
                guard let fact = slot.fact else { return nil }
                if let deleted = fact.deletedAt, height < deleted, fact.isDeletionOlder { return nil }
                let isAnchored =
                    provider != nil && fact.owner == provider && fact.isReadings
                    && fact.anchoredAt.map { $0 <= height } ?? false
                found.append(
                    InputCandidate(
                        entry: slot.entry, isAnchored: isAnchored, supersedes: isAnchored ? fact.supersedes : nil,
                        isGone: slot.entry.status == .erased
                            || (isAnchored && fact.deletedAt.map { $0 <= height } ?? false)))
            }
        }
        return found
    }
}

extension IndexedDay.Fact {
    fileprivate mutating func anchor(_ anchor: BatchAnchor) {
        owner = anchor.owner
        isReadings = anchor.schema == ReadingBatch.schema
        supersedes = anchor.supersedes
        anchoredAt = anchor.height
    }
}
