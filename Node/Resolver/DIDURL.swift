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
        let end = text.utf8.firstIndex { $0 == 47 || $0 == 63 || $0 == 35 } ?? text.endIndex
        let did = text[..<end]
        let pieces = did.utf8.split(separator: 58, maxSplits: 2, omittingEmptySubsequences: false).map(Substring.init)
        guard pieces.count == 3, JSON.same(pieces[0], "did"), DIDURL.isMethod(pieces[1]), DIDURL.isID(pieces[2]) else {
            throw .did
        }
        let (rest, mark) = DIDURL.cut(text[end...], at: 35)
        fragment = mark.map(String.init)
        let (start, members) = DIDURL.cut(rest, at: 63)
        path = String(start)
        guard path.utf8.allSatisfy(DIDURL.isPathUnit), fragment?.utf8.allSatisfy(DIDURL.isFragmentUnit) ?? true,
            DIDURL.decode(path[...]) != nil, fragment.map({ DIDURL.decode($0[...]) != nil }) ?? true
        else { throw .url }
        guard let query = DIDURL.members(members ?? "") else { throw .url }
        self.query = query
        self.did = String(did)
        method = String(pieces[1])
    }

    /// What stands before the first `mark`, and what stands behind it.
    private static func cut(_ text: Substring, at mark: UInt8) -> (Substring, Substring?) {
        guard let place = text.utf8.firstIndex(of: mark) else { return (text, nil) }
        return (text[..<place], text[text.utf8.index(after: place)...])
    }

    private static func isMethod(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
    }

    /// Unreserved characters, escapes and colons, not ending in a colon.
    private static func isID(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.last != 58 && text.utf8.allSatisfy { isUnreserved($0) || $0 == 58 || $0 == 37 }
            && decode(text) != nil
    }

    private static func isUnreserved(_ unit: UInt8) -> Bool {
        (97...122).contains(unit) || (65...90).contains(unit) || (48...57).contains(unit) || "-._".utf8.contains(unit)
    }
    private static func isPathUnit(_ unit: UInt8) -> Bool {
        isUnreserved(unit) || "~!$&'()*+,;=:@%/".utf8.contains(unit)
    }
    private static func isFragmentUnit(_ unit: UInt8) -> Bool { isPathUnit(unit) || unit == 63 }

    /// Names and values, unescaped; nil for a broken escape, a character that no query has, or a name given twice.
    package static func members(_ query: Substring) -> [Member]? {
        var members: [Member] = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.utf8.allSatisfy(isFragmentUnit), let name = decode(parts[0]),
                let value = decode(parts.count > 1 ? parts[1] : ""), !members.contains(where: { $0.name == name })
            else { return nil }
            members.append(Member(name: name, value: value))
        }
        return members
    }

    /// Nil for a broken escape, a control character, or bytes that are not UTF-8.
    private static func decode(_ text: Substring) -> String? {
        if text.utf8.allSatisfy({ $0 != 37 }) { return String(text) }
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
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
