internal import Primitives

/// Percent escapes of addresses (RFC 3986 section 2.1) and of queries.
enum PercentEncoding {
    /// Nil for a broken escape, a zero byte, or bytes that are not UTF-8.
    static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> String? {
        let units = Array(text)
        // Most texts have no escape.
        if !units.contains(where: { $0 == 0x25 || ($0 == 0x2b && plusIsSpace) }) {
            return String(validating: units, as: UTF8.self)
        }
        var out: [UInt8] = []
        out.reserveCapacity(units.count)
        var rest = units[...]
        while let byte = rest.popFirst() {
            if byte == 0x2b, plusIsSpace {
                out.append(0x20)
            } else if byte == 0x25 {
                guard let high = rest.popFirst(), let low = rest.popFirst(),
                    let value = Hex.decode(String(decoding: [high, low], as: UTF8.self))?.first, value != 0
                else { return nil }
                out.append(value)
            } else {
                out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    /// The members of a query, in order; nil when an escape is broken.
    static func query(_ text: some StringProtocol) -> [(name: String, value: String)]? {
        var members: [(name: String, value: String)] = []
        if text.isEmpty { return members }
        for pair in text.utf8.split(separator: 0x26) {
            let parts = pair.split(separator: 0x3d, maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(parts[0], plusIsSpace: true),
                let value = parts.count > 1 ? decode(parts[1], plusIsSpace: true) : ""
            else { return nil }
            members.append((name: name, value: value))
        }
        return members
    }
}
