package import Chain
internal import LedgerCrypto
package import Primitives

/// An ordered set of keys with pages in key order, e.g. `Pair(deadline, id)` or `Pair(owner, id)`.
///
/// The state has point access only, so this is a skip list whose tower heights follow from the keys' hashes: the stored
/// form depends on the contents alone, not on the order of insertion. Each node (and the head, under the bare
/// collection key) holds the next key of each of its levels.
///
/// Invariants: level 0 links all keys ascending; a node of height h is linked on levels 0 ..< h; height <= 12.
/// About 4 log4(n) reads per operation, two to three writes per insertion.
package struct StorageIndex<Key: StorageKey>: Sendable {
    /// Encoded bytes of one key, so that a node of full height fits a value.
    package static var keyBytesMax: Int { 80 }
    static var levelsMax: Int { 12 }

    package let number: UInt8
    package let name: String
    /// Key bytes of the owner, in a `StorageIndexMap`.
    private let owner: [UInt8]

    package init(_ number: UInt8, _ name: String) { self.init(number, name, owner: []) }

    fileprivate init(_ number: UInt8, _ name: String, owner: [UInt8]) {
        self.number = number
        self.name = name
        self.owner = owner
    }

    package func contains(_ key: Key, in context: Context) throws(Rejection) -> Bool {
        try context.readBytes(nodeKey(key.keyBytes, context)) != nil
    }

    /// Whether it was new.
    @discardableResult
    package func insert(_ key: Key, in context: Context) throws(Rejection) -> Bool {
        let bytes = key.keyBytes
        guard bytes.count <= Self.keyBytesMax else { throw HostRejection.keyTooLong() }
        guard try context.readBytes(nodeKey(bytes, context)) == nil else { return false }
        var path = try searchPath(bytes, context)
        let height = Self.height(bytes)
        var next: [[UInt8]] = []
        for level in 0..<height {
            let before = path.levels[level]
            next.append(path.next(of: before, level))
            path.link(before, level, to: bytes)
        }
        try store(path, context)
        try context.write(nodeKey(bytes, context), Tower(next: next))
        return true
    }

    /// Whether it was there.
    @discardableResult
    package func remove(_ key: Key, in context: Context) throws(Rejection) -> Bool {
        let bytes = key.keyBytes
        guard let tower: Tower = try context.read(nodeKey(bytes, context)) else { return false }
        var path = try searchPath(bytes, context)
        for (level, next) in tower.next.enumerated() where level < Self.levelsMax {
            path.link(path.levels[level], level, to: next)
        }
        try store(path, context)
        try context.remove(nodeKey(bytes, context))
        return true
    }

    /// Up to `limit` (at most 256) keys at or after `start`, from the first when nil.
    package func page(from start: Key? = nil, limit: Int, in context: Context) throws(Rejection) -> [Key] {
        try require((0...Context.pageEntriesMax).contains(limit), HostRejection.limitTooLarge())
        var next: [UInt8]
        if let start {
            let path = try searchPath(start.keyBytes, context)
            next = path.next(of: path.levels[0], 0)
        } else {
            let head: Tower? = try context.read(headKey(context))
            next = head?.next.first ?? []
        }
        var keys: [Key] = []
        while !next.isEmpty, keys.count < limit {
            guard let key = Key(keyBytes: next), let tower: Tower = try context.read(nodeKey(next, context)),
                let follower = tower.next.first
            else { throw HostRejection.malformedState() }
            keys.append(key)
            next = follower
        }
        return keys
    }

    package func first(in context: Context) throws(Rejection) -> Key? { try page(limit: 1, in: context).first }

    package var declaration: StorageDeclaration { StorageDeclaration(number: number, name: name, kind: "index") }

    // MARK: The list

    private func headKey(_ context: Context) -> [UInt8] { StateKeys.prefix(context.instance, number) + owner }
    private func nodeKey(_ key: [UInt8], _ context: Context) -> [UInt8] { headKey(context) + key }

    /// 1 plus the number of leading zero pairs of bits in the key's hash: a quarter of the nodes reach each next level.
    static func height(_ key: [UInt8]) -> Int {
        let zeros = SHA256.hash(key).words.0.byteSwapped.leadingZeroBitCount
        return min(levelsMax, 1 + zeros / 2)
    }

    /// The last key before `key` on every level (empty = head), with the towers that were read on the way.
    private func searchPath(_ key: [UInt8], _ context: Context) throws(Rejection) -> SearchPath {
        var path = SearchPath(
            head: try context.read(headKey(context)) ?? Tower(next: []), levels: Self.levelsMax)
        var at: [UInt8] = []
        for level in stride(from: Self.levelsMax - 1, through: 0, by: -1) {
            while true {
                let next = path.next(of: at, level)
                guard !next.isEmpty, next.lexicographicallyPrecedes(key) else { break }
                guard let tower: Tower = try context.read(nodeKey(next, context)) else {
                    throw HostRejection.malformedState()
                }
                path.visit(next, tower)
                at = next
            }
            path.levels[level] = at
        }
        return path
    }

    private func store(_ path: SearchPath, _ context: Context) throws(Rejection) {
        for (key, tower) in path.changedTowers {
            if key.isEmpty && tower.next.allSatisfy(\.isEmpty) {
                try context.remove(headKey(context))
            } else {
                try context.write(nodeKey(key, context), tower)
            }
        }
    }
}

/// An index for each owner. Heights follow from keys, which whoever inserts may choose so that a search becomes linear:
/// one that grows by the acts of accounts is kept apart for each of them.
///
/// Owners are digests, so that no owner's head is a node of another one.
package struct StorageIndexMap<Key: StorageKey>: Sendable {
    package let number: UInt8
    package let name: String

    package init(_ number: UInt8, _ name: String) {
        self.number = number
        self.name = name
    }

    package func of(_ owner: Digest) -> StorageIndex<Key> { StorageIndex(number, name, owner: owner.keyBytes) }

    package var declaration: StorageDeclaration { StorageDeclaration(number: number, name: name, kind: "index") }
}

/// The next keys of one node, level 0 first; empty bytes end a level.
private struct Tower: BCSCodable {
    var next: [[UInt8]]

    init(next: [[UInt8]]) { self.next = next }

    func encode(to encoder: inout BCSEncoder) { encoder.vector(next) { $0.blob($1) } }
    init(from decoder: inout BCSDecoder) throws(BCSError) {
        next = try decoder.vector(max: 16) { (decoder: inout BCSDecoder) throws(BCSError) -> [UInt8] in
            try decoder.blob(max: 128)
        }
    }
}

/// A walk down the list: at most some tens of nodes, so that a linear search finds them.
private struct SearchPath {
    private var nodes: [(key: [UInt8], tower: Tower, isChanged: Bool)]
    var levels: [[UInt8]]

    init(head: Tower, levels count: Int) {
        nodes = [([], head, false)]
        levels = [[UInt8]](repeating: [], count: count)
    }

    mutating func visit(_ key: [UInt8], _ tower: Tower) { nodes.append((key, tower, false)) }

    func next(of key: [UInt8], _ level: Int) -> [UInt8] {
        guard let node = nodes.last(where: { $0.key == key }), level < node.tower.next.count else { return [] }
        return node.tower.next[level]
    }

    mutating func link(_ key: [UInt8], _ level: Int, to next: [UInt8]) {
        guard let index = nodes.lastIndex(where: { $0.key == key }) else { return }
        while nodes[index].tower.next.count <= level { nodes[index].tower.next.append([]) }
        nodes[index].tower.next[level] = next
        nodes[index].isChanged = true
    }

    var changedTowers: [(key: [UInt8], tower: Tower)] {
        nodes.filter(\.isChanged).map { node in
            var tower = node.tower
            // The head keeps no empty levels on top, so that equal contents have equal bytes.
            if node.key.isEmpty { while let last = tower.next.last, last.isEmpty { tower.next.removeLast() } }
            return (node.key, tower)
        }
    }
}
