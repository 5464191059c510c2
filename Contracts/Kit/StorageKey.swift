package import Chain
package import LedgerCrypto
package import Primitives

/// A key of a typed collection. The encoding keeps the order (byte order of encodings = order of keys) and is free of
/// prefixes, so that pairs need no separator.
package protocol StorageKey: Hashable, Sendable {
    func appendKey(to bytes: inout [UInt8])
    /// Reads one key from the front of `bytes` and drops it; nil when malformed.
    init?(takingKey bytes: inout ArraySlice<UInt8>)
}

extension FixedWidthInteger where Self: UnsignedInteger {
    fileprivate func appendBigEndian(to bytes: inout [UInt8]) {
        withUnsafeBytes(of: bigEndian) { bytes.append(contentsOf: $0) }
    }

    fileprivate init?(takingBigEndian bytes: inout ArraySlice<UInt8>) {
        let size = MemoryLayout<Self>.size
        guard bytes.count >= size else { return nil }
        self = bytes.prefix(size).reduce(0) { ($0 << 8) | Self($1) }
        bytes = bytes.dropFirst(size)
    }
}

extension UInt16: StorageKey {
    package func appendKey(to bytes: inout [UInt8]) { appendBigEndian(to: &bytes) }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) { self.init(takingBigEndian: &bytes) }
}

extension UInt32: StorageKey {
    package func appendKey(to bytes: inout [UInt8]) { appendBigEndian(to: &bytes) }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) { self.init(takingBigEndian: &bytes) }
}

extension UInt64: StorageKey {
    package func appendKey(to bytes: inout [UInt8]) { appendBigEndian(to: &bytes) }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) { self.init(takingBigEndian: &bytes) }
}

extension StorageKey where Self: Counter {
    package func appendKey(to bytes: inout [UInt8]) { value.appendKey(to: &bytes) }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        guard let value = UInt64(takingKey: &bytes) else { return nil }
        self.init(value)
    }
}

extension Height: StorageKey {}
extension Epoch: StorageKey {}
extension Timestamp: StorageKey {}

extension Digest: StorageKey {
    package func appendKey(to bytes: inout [UInt8]) { withUnsafeBytes { bytes.append(contentsOf: $0) } }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        guard let digest = Digest(bytes.prefix(Digest.byteCount)) else { return nil }
        self = digest
        bytes = bytes.dropFirst(Digest.byteCount)
    }
}

extension Address: StorageKey {
    package func appendKey(to bytes: inout [UInt8]) { bytes.append(contentsOf: self.bytes) }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        guard let address = Address(Array(bytes.prefix(Address.byteCount))) else { return nil }
        self = address
        bytes = bytes.dropFirst(Address.byteCount)
    }
}

extension PublicKey: StorageKey {
    package func appendKey(to bytes: inout [UInt8]) {
        bytes.append(scheme.rawValue)
        bytes.append(contentsOf: self.bytes)
    }

    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        guard let tag = bytes.first, let scheme = SignatureScheme(rawValue: tag) else { return nil }
        let point = Array(bytes.dropFirst().prefix(scheme.publicKeyByteCount))
        guard let key = PublicKey(scheme: scheme, bytes: point) else { return nil }
        self = key
        bytes = bytes.dropFirst(1 + scheme.publicKeyByteCount)
    }
}

/// UTF-8, a zero byte as `00 01`, ended by `00 00`: ordered as the text's bytes, and free of prefixes.
extension String: StorageKey {
    package func appendKey(to bytes: inout [UInt8]) {
        // Texts with a zero byte are rare; all others are copied at once.
        let isPlain = utf8.withContiguousStorageIfAvailable { units in
            if units.contains(0) { return false }
            bytes.append(contentsOf: units)
            return true
        }
        if isPlain != true {
            for unit in utf8 {
                bytes.append(unit)
                if unit == 0 { bytes.append(1) }
            }
        }
        bytes.append(0)
        bytes.append(0)
    }

    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        var units: [UInt8] = []
        while let unit = bytes.popFirst() {
            if unit != 0 {
                units.append(unit)
                continue
            }
            switch bytes.popFirst() {
            case 0:
                guard let text = String(validating: units, as: UTF8.self) else { return nil }
                self = text
                return
            case 1: units.append(0)
            default: return nil
            }
        }
        return nil
    }
}

/// Two keys as one, ordered by the first, then the second. Nest for more: `Pair(a, Pair(b, c))`.
package struct Pair<First: StorageKey, Second: StorageKey>: StorageKey {
    package let first: First
    package let second: Second

    package init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    package func appendKey(to bytes: inout [UInt8]) {
        first.appendKey(to: &bytes)
        second.appendKey(to: &bytes)
    }

    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        guard let first = First(takingKey: &bytes), let second = Second(takingKey: &bytes) else { return nil }
        self.init(first, second)
    }
}

extension StorageKey {
    package var keyBytes: [UInt8] {
        var bytes: [UInt8] = []
        appendKey(to: &bytes)
        return bytes
    }

    /// Exactly one key, nothing behind it.
    package init?(keyBytes: [UInt8]) {
        var rest = keyBytes[...]
        guard let key = Self(takingKey: &rest), rest.isEmpty else { return nil }
        self = key
    }
}
