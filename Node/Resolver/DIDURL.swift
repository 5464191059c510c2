internal import Encodings

/// A DID URL by DID Core section 3.2: DID, path, query, fragment. Any method; whether it is ours is asked later.
package struct DIDURL: Hashable, Sendable {
    package static let byteCountMax = 2_048

    package let did: String
    package let method: String
    /// With its slash; empty for none.
    package let path: String
    package let query: [Member]
    package let fragment: String?

    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package enum Mistake: Error, Hashable, Sendable {
        case did
        case url
    }

    package init(_ text: String) throws(Mistake) {
        guard text.utf8.count <= DIDURL.byteCountMax else { throw .url }
        // By units, not by characters, of which a DID URL has plain ones only.
        let units = Array(text.utf8)
        let end = units.firstIndex { $0 == 47 || $0 == 63 || $0 == 35 } ?? units.count
        guard let method = DIDURL.method(units[..<end]) else { throw .did }
        self.method = method
        if end == units.count {
            (did, path, query, fragment) = (text, "", [], nil)
            return
        }
        did = DIDURL.text(units[..<end])
        let (rest, mark) = DIDURL.cut(units[end...], at: 35)
        fragment = mark.map(DIDURL.text)
        let (start, members) = DIDURL.cut(rest, at: 63)
        path = DIDURL.text(start)
        guard start.allSatisfy(DIDURL.isPathUnit), mark?.allSatisfy(DIDURL.isFragmentUnit) ?? true,
            DIDURL.decode(start) != nil, mark.map({ DIDURL.decode($0) != nil }) ?? true
        else { throw .url }
        guard let query = DIDURL.members(members ?? []) else { throw .url }
        self.query = query
    }

    private static func text(_ units: ArraySlice<UInt8>) -> String { String(decoding: units, as: UTF8.self) }

    /// The method of a DID; nil when it is none.
    private static func method(_ did: ArraySlice<UInt8>) -> String? {
        let scheme: [UInt8] = [100, 105, 100, 58]
        guard did.starts(with: scheme), let colon = did[scheme.count...].firstIndex(of: 58) else { return nil }
        let method = did[scheme.count..<colon]
        guard !method.isEmpty, method.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) }),
            isID(did[(colon + 1)...])
        else { return nil }
        return text(method)
    }

    /// What stands before the first `mark`, and what stands behind it.
    private static func cut(
        _ units: ArraySlice<UInt8>, at mark: UInt8
    ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
        guard let place = units.firstIndex(of: mark) else { return (units, nil) }
        return (units[..<place], units[(place + 1)...])
    }

    /// Unreserved characters, escapes and colons, not ending in a colon.
    private static func isID(_ units: ArraySlice<UInt8>) -> Bool {
        guard let last = units.last, last != 58 else { return false }
        var isEscaped = false
        for unit in units where !isUnreserved(unit) && unit != 58 {
            guard unit == 37 else { return false }
            isEscaped = true
        }
        return !isEscaped || decode(units) != nil
    }

    private static func isUnreserved(_ unit: UInt8) -> Bool {
        (97...122).contains(unit) || (65...90).contains(unit) || (48...57).contains(unit)
            || unit == 45 || unit == 46 || unit == 95
    }
    private static func isPathUnit(_ unit: UInt8) -> Bool {
        isUnreserved(unit) || "~!$&'()*+,;=:@%/".utf8.contains(unit)
    }
    private static func isFragmentUnit(_ unit: UInt8) -> Bool { isPathUnit(unit) || unit == 63 }

    /// Names and values, unescaped; nil for a broken escape, a character that no query has, or a name given twice.
    private static func members(_ query: ArraySlice<UInt8>) -> [Member]? {
        var members: [Member] = []
        for pair in query.split(separator: 38) {
            let (start, rest) = cut(pair, at: 61)
            guard pair.allSatisfy(isFragmentUnit), let name = decode(start), let value = decode(rest ?? []),
                !members.contains(where: { $0.name == name })
            else { return nil }
            members.append(Member(name: name, value: value))
        }
        return members
    }

    /// Nil for a broken escape, a control character, or bytes that are not UTF-8.
    private static func decode(_ units: ArraySlice<UInt8>) -> String? {
        if units.allSatisfy({ $0 != 37 }) { return text(units) }
        var out: [UInt8] = []
        var rest = units
        while let unit = rest.popFirst() {
            guard unit == 37 else {
                out.append(unit)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16), value >= 0x20, value != 0x7f
            else { return nil }
            out.append(value)
        }
        return String(validating: out, as: UTF8.self)
    }

    package subscript(name: String) -> String? { query.first { JSON.same($0.name, name) }?.value }
}
