/// Where the store keeps a record: the parts of a batch, in the order in which they reach the disk.
///
/// History is append-only: its keys begin with a version or a height, so what is written later sorts behind everything
/// before it, and a store that sorts tables by key moves them without writing them again. The index names history. A
/// batch becomes visible with its index part, in one write; a crash before that leaves records of history that nothing
/// names, behind the newest version and the tip, where nobody reads and the next start removes them.
package enum StorePart: Int, Sendable, CaseIterable {
    /// Nodes and leaves of the state: tag 0x01.
    case state
    /// What the store keeps of each block, by height: tag 0x10.
    case blocks
    /// All else, by whatever key finds it.
    case index

    package static let stateTag: UInt8 = 0x01
    package static let blocksTag: UInt8 = 0x10

    /// Whose records are these? By the first byte of the key.
    package init(of key: [UInt8]) { self.init(ofTag: key.first) }

    /// The same by that byte; nil for an empty key.
    init(ofTag tag: UInt8?) {
        switch tag {
        case StorePart.stateTag: self = .state
        case StorePart.blocksTag: self = .blocks
        default: self = .index
        }
    }

    /// The parts that hold keys of `start..<end`, with the range of keys in each, ascending.
    package static func spans(from start: [UInt8], to end: [UInt8]) -> [(part: StorePart, start: [UInt8], end: [UInt8])]
    {
        guard start.lexicographicallyPrecedes(end) else { return [] }
        var spans: [(part: StorePart, start: [UInt8], end: [UInt8])] = []
        var from = start
        for edge in [[stateTag], [stateTag + 1], [blocksTag], [blocksTag + 1]] as [[UInt8]] {
            guard from.lexicographicallyPrecedes(edge), edge.lexicographicallyPrecedes(end) else { continue }
            spans.append((StorePart(of: from), from, edge))
            from = edge
        }
        spans.append((StorePart(of: from), from, end))
        return spans
    }
}

extension KeyValueBatch {
    /// What reaches the disk first: entries of history, by part and ascending key, later ones of the same key behind. Any
    /// number of them from the start may be all that a crash leaves of the batch.
    package var history: KeyValueBatch { KeyValueBatch(placesByPart.dropLast().joined().map { entry(at: $0) }) }

    /// What follows in one write once history is durable.
    package var index: KeyValueBatch { KeyValueBatch(entries.filter { StorePart(of: $0.key) == .index }) }

    /// Indices of the entries of each part, by `StorePart.rawValue`; those of history ascending by key, so that what is
    /// written of a part at once overlaps with nothing before it.
    package var placesByPart: [[Int]] {
        var places = [[Int]](repeating: [], count: StorePart.allCases.count)
        var keys: [[SortKey]] = [[], []]
        for place in 0..<count {
            withEntry(at: place) { key, _ in
                let part = StorePart(ofTag: key.first)
                if part == .index {
                    places[part.rawValue].append(place)
                } else {
                    keys[part.rawValue].append(SortKey(key, place))
                }
            }
        }
        for part in keys.indices { places[part] = sorted(&keys[part]) }
        return places
    }

    private func sorted(_ keys: inout [SortKey]) -> [Int] {
        keys.sort { left, right in
            if left.number != right.number { return left.number < right.number }
            if left.rest != right.rest { return left.rest < right.rest }
            return withEntry(at: left.place) { one, _ in
                withEntry(at: right.place) { other, _ in
                    one.elementsEqual(other) ? left.place < right.place : one.lexicographicallyPrecedes(other)
                }
            }
        }
        return keys.map(\.place)
    }

    /// A place, and bytes 1 to 16 of its key as numbers that sort like them: a version or height, and what tells most records
    /// of one apart.
    private struct SortKey {
        let number: UInt64
        let rest: UInt64
        let place: Int

        init(_ key: UnsafeRawBufferPointer, _ place: Int) {
            number = SortKey.word(key, at: 1)
            rest = SortKey.word(key, at: 9)
            self.place = place
        }

        private static func word(_ key: UnsafeRawBufferPointer, at start: Int) -> UInt64 {
            if key.count >= start + 8 {
                return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: start, as: UInt64.self))
            }
            var word: UInt64 = 0
            for index in start..<start + 8 { word = word << 8 | (index < key.count ? UInt64(key[index]) : 0) }
            return word
        }
    }
}
