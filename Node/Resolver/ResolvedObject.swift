package import Identity
package import Primitives

/// Which version of an object is asked for.
package enum VersionSelection: Hashable, Sendable {
    case latest
    case number(UInt32)
    /// The one that was the newest at the end of this millisecond.
    case time(Timestamp)
    /// The one with this number, if it was the newest then.
    case numberAt(UInt32, Timestamp)
}

/// One version of an object with what its metadata says.
package struct ResolvedObject: Sendable {
    package let url: String
    /// SHA-256 of `url`: the registry's name of the object.
    package let id: Digest
    package let head: ObjectHead
    package let number: UInt32
    package let version: ObjectVersion
    package let first: ObjectVersion
    package let next: ObjectVersion?
    /// Canonical JSON; empty for the version that ends a DID.
    package let content: [UInt8]
    /// The state that all of it was read from.
    package let height: Height
    package let time: Timestamp

    /// Keys of all records that the answer rests on.
    package var evidence: [[UInt8]] {
        var numbers: Set<UInt32> = [1, number, head.latest]
        if number < head.latest { numbers.insert(number + 1) }
        return [RegistryKeys.head(id)] + numbers.sorted().map { RegistryKeys.version(id, $0) }
    }
}
