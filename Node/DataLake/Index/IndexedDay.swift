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

        /// By halving.
        func index(of digest: Digest) -> Int? {
            var (low, high) = (0, slots.count)
            while low < high {
                let middle = (low + high) / 2
                if slots[middle].entry.digest < digest { low = middle + 1 } else { high = middle }
            }
            return low < slots.count && slots[low].entry.digest == digest ? low : nil
        }

        /// Takes entries that ascend by digest; known ones keep what the chain says of them.
        mutating func merge(_ entries: [BatchEntry]) {
            var added: [Slot] = []
            for entry in entries {
                if let at = index(of: entry.digest) {
                    slots[at].entry = entry
                } else {
                    added.append(Slot(entry: entry, fact: nil))
                }
            }
            guard let first = added.first else { return }
            lacksFacts = true
            guard let last = slots.last, last.entry.digest > first.entry.digest else { return slots += added }
            var merged: [Slot] = []
            merged.reserveCapacity(slots.count + added.count)
            var rest = added[...]
            for slot in slots {
                while let next = rest.first, next.entry.digest < slot.entry.digest { merged.append(rest.removeFirst()) }
                merged.append(slot)
            }
            slots = merged + rest
        }
    }

    let span: Range<Timestamp>
    private(set) var count = 0
    private var places: [MeterNumber: Int] = [:]
    private var meters: [MeterBatches] = []
    /// Meter of each batch.
    private var meterOf: [Digest: Int] = [:]
    private var catalogueNumber: UInt64 = 0
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
        let (entries, next) = try catalogue.listed(from: span.lowerBound, to: span.upperBound, limit: entriesMax + 1)
        guard entries.count <= entriesMax else { return nil }
        catalogueNumber = next
        places.reserveCapacity(entries.count)
        meterOf.reserveCapacity(entries.count)
        put(entries)
    }

    /// The last one of each batch counts. All of a meter are merged at once, since sorting each one in would take the square
    /// of their number.
    private mutating func put(_ entries: [BatchEntry]) {
        var fresh: [Int: [Digest: BatchEntry]] = [:]
        for entry in entries where entry.from < span.upperBound && entry.to > span.lowerBound {
            let place = places[entry.meter] ?? meters.count
            if place == meters.count {
                places[entry.meter] = place
                meters.append(MeterBatches())
            }
            fresh[place, default: [:]][entry.digest] = entry
        }
        for (place, found) in fresh {
            let new = found.keys.filter { meterOf[$0] == nil }
            for digest in new { meterOf[digest] = place }
            count += new.count
            meters[place].merge(found.values.sorted { $0.digest < $1.digest })
        }
    }

    // MARK: Following

    /// False when the catalogue does not keep all changes since.
    func isInStep(_ catalogue: Catalogue) -> Bool {
        catalogue.changes.entries(from: catalogueNumber).entries != nil
    }

    mutating func follow(_ catalogue: Catalogue) throws {
        let (entries, next) = catalogue.changes.entries(from: catalogueNumber)
        guard let entries else { throw LakeError.storage("the catalogue changed faster than it can be followed") }
        put(entries)
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
            let at = meters[place].index(of: digest),
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

    /// The log of events has anchors of readings only.
    fileprivate mutating func anchor(_ anchor: EventLog.Anchored) {
        owner = anchor.owner
        isReadings = true
        supersedes = anchor.supersedes
        anchoredAt = anchor.height
    }
}
