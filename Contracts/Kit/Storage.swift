package import Chain
package import Primitives

/// A collection as the interface lists it. The state key of an entry is
/// `instance (20 bytes) || number || entry key`, see `StorageKey`.
package struct StorageDeclaration: Sendable, Hashable {
    package let number: UInt8
    package let name: String
    /// `value`, `map`, `index`, `set` or `log`.
    package let kind: String
}

/// Where the parts of a contract's storage lie in the state. A collection's number is unique in its contract.
package enum StateKeys {
    /// `instance || number`, with room for an entry key.
    package static func prefix(_ instance: Address, _ number: UInt8) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(96)
        key.append(contentsOf: instance.bytes)
        key.append(number)
        return key
    }
}

/// One value.
///
///     static let rules = StorageValue<Rules>(1, "rules")
///     let now = try rules.get(in: context)     // nil before the first set
///     try rules.set(newRules, in: context)
package struct StorageValue<Value: BCSCodable & Sendable>: Sendable {
    package let number: UInt8
    package let name: String

    package init(_ number: UInt8, _ name: String) {
        self.number = number
        self.name = name
    }

    package func get(in context: Context) throws(Rejection) -> Value? {
        try context.read(stateKey(at: context.instance))
    }
    package func set(_ value: Value, in context: Context) throws(Rejection) {
        try context.write(stateKey(at: context.instance), value)
    }
    package func remove(in context: Context) throws(Rejection) { try context.remove(stateKey(at: context.instance)) }

    /// The key under which a client asks a node for the value and its proof.
    package func stateKey(at instance: Address) -> [UInt8] { StateKeys.prefix(instance, number) }
    package func decode(_ bytes: [UInt8]) throws(BCSError) -> Value { try Value(bcs: bytes) }
    package var declaration: StorageDeclaration { StorageDeclaration(number: number, name: name, kind: "value") }
}

/// Values by key; point access only. Put a `StorageIndex` or `StorageSet` beside it to list its keys.
///
///     static let entries = StorageMap<Pair<String, UInt64>, Entry>(2, "entries")
///     try entries.set(Pair("aurora", 7), entry, in: context)
package struct StorageMap<Key: StorageKey, Value: BCSCodable & Sendable>: Sendable {
    package let number: UInt8
    package let name: String

    package init(_ number: UInt8, _ name: String) {
        self.number = number
        self.name = name
    }

    package func get(_ key: Key, in context: Context) throws(Rejection) -> Value? {
        try context.read(stateKey(key, at: context.instance))
    }

    package func contains(_ key: Key, in context: Context) throws(Rejection) -> Bool {
        try context.readBytes(stateKey(key, at: context.instance)) != nil
    }

    package func set(_ key: Key, _ value: Value, in context: Context) throws(Rejection) {
        try context.write(stateKey(key, at: context.instance), value)
    }

    package func remove(_ key: Key, in context: Context) throws(Rejection) {
        try context.remove(stateKey(key, at: context.instance))
    }

    /// The key under which a client asks a node for the record and its proof of existence or absence.
    package func stateKey(_ key: Key, at instance: Address) -> [UInt8] {
        var bytes = StateKeys.prefix(instance, number)
        key.appendKey(to: &bytes)
        return bytes
    }

    package func decode(_ bytes: [UInt8]) throws(BCSError) -> Value { try Value(bcs: bytes) }
    package var declaration: StorageDeclaration { StorageDeclaration(number: number, name: name, kind: "map") }
}

/// Values by position, 0 upwards; nothing is changed or removed.
package struct StorageLog<Value: BCSCodable & Sendable>: Sendable {
    package let number: UInt8
    package let name: String

    package init(_ number: UInt8, _ name: String) {
        self.number = number
        self.name = name
    }

    package func count(in context: Context) throws(Rejection) -> UInt64 {
        let count: Height? = try context.read(StateKeys.prefix(context.instance, number))
        return count?.value ?? 0
    }

    /// Returns the position of the new entry.
    @discardableResult
    package func append(_ value: Value, in context: Context) throws(Rejection) -> UInt64 {
        let position = try count(in: context)
        try context.write(stateKey(position, at: context.instance), value)
        try context.write(StateKeys.prefix(context.instance, number), Height(checked(position.adding(1))))
        return position
    }

    package func get(_ position: UInt64, in context: Context) throws(Rejection) -> Value? {
        try context.read(stateKey(position, at: context.instance))
    }

    /// Up to `limit` (at most 256) entries from `start` on.
    package func page(from start: UInt64, limit: Int, in context: Context) throws(Rejection) -> [Value] {
        try require((0...Context.pageEntriesMax).contains(limit), HostRejection.limitTooLarge())
        var values: [Value] = []
        var position = start
        let end = try count(in: context)
        while position < end, values.count < limit {
            guard let value = try get(position, in: context) else { throw HostRejection.malformedState() }
            values.append(value)
            position += 1
        }
        return values
    }

    package func stateKey(_ position: UInt64, at instance: Address) -> [UInt8] {
        var bytes = StateKeys.prefix(instance, number)
        position.appendKey(to: &bytes)
        return bytes
    }

    package var declaration: StorageDeclaration { StorageDeclaration(number: number, name: name, kind: "log") }
}
