package import Chain
internal import Primitives

/// A set whose members can be counted and listed in pages, by slot and not by order. Cheaper than `StorageIndex`:
/// three writes per change whatever its size.
///
/// Invariant: members lie in slots 0 ..< count without gaps; each member's own record names its slot. Removal moves the
/// last member into the free slot.
package struct StorageSet<Key: StorageKey>: Sendable {
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

    package func contains(_ key: Key, in context: Context) throws(Rejection) -> Bool {
        try context.readBytes(stateKey(key, at: context.instance)) != nil
    }

    /// Whether it was new.
    @discardableResult
    package func insert(_ key: Key, in context: Context) throws(Rejection) -> Bool {
        guard try !contains(key, in: context) else { return false }
        let slot = try count(in: context)
        try context.write(stateKey(key, at: context.instance), Height(slot))
        try context.services.write(slotKey(slot, context), key.keyBytes)
        try context.write(StateKeys.prefix(context.instance, number), Height(checked(slot.adding(1))))
        return true
    }

    /// Whether it was there.
    @discardableResult
    package func remove(_ key: Key, in context: Context) throws(Rejection) -> Bool {
        let ownKey = stateKey(key, at: context.instance)
        guard let slot: Height = try context.read(ownKey) else { return false }
        guard let last = try Height(count(in: context)).previous,
            let moved = try context.readBytes(slotKey(last.value, context))
        else { throw HostRejection.malformedState() }
        if last != slot {
            try context.services.write(slotKey(slot.value, context), moved)
            try context.write(memberPrefix(context.instance) + moved, slot)
        }
        try context.remove(slotKey(last.value, context))
        try context.remove(ownKey)
        if last.value == 0 {
            try context.remove(StateKeys.prefix(context.instance, number))
        } else {
            try context.write(StateKeys.prefix(context.instance, number), last)
        }
        return true
    }

    /// Up to `limit` (at most 256) members from slot `start` on.
    package func page(from start: UInt64 = 0, limit: Int, in context: Context) throws(Rejection) -> [Key] {
        try require((0...Context.pageEntriesMax).contains(limit), HostRejection.limitTooLarge())
        let end = try count(in: context)
        var members: [Key] = []
        var slot = start
        while slot < end, members.count < limit {
            guard let bytes = try context.readBytes(slotKey(slot, context)), let member = Key(keyBytes: bytes) else {
                throw HostRejection.malformedState()
            }
            members.append(member)
            slot += 1
        }
        return members
    }

    /// Exists exactly when `key` is a member.
    package func stateKey(_ key: Key, at instance: Address) -> [UInt8] {
        var bytes = memberPrefix(instance)
        key.appendKey(to: &bytes)
        return bytes
    }

    package var declaration: StorageDeclaration { StorageDeclaration(number: number, name: name, kind: "set") }

    private func memberPrefix(_ instance: Address) -> [UInt8] { StateKeys.prefix(instance, number) + [1] }

    private func slotKey(_ slot: UInt64, _ context: Context) -> [UInt8] {
        var bytes = StateKeys.prefix(context.instance, number) + [0]
        slot.appendKey(to: &bytes)
        return bytes
    }
}
