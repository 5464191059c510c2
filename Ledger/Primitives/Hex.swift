/// Hexadecimal text of bytes: lower case out, either case in.
package enum Hex {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(Array(bytes)) }

    /// Proofs are kilobytes: written in place, and not through a sequence's iterator.
    package static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { out in
            for (index, byte) in bytes.enumerated() {
                out[2 * index] = letter(byte >> 4)
                out[2 * index + 1] = letter(byte & 15)
            }
            return 2 * bytes.count
        }
    }

    /// The same digits as UTF-8, appended.
    package static func append(_ bytes: [UInt8], to out: inout [UInt8]) {
        out.reserveCapacity(out.count + 2 * bytes.count)
        for byte in bytes {
            out.append(letter(byte >> 4))
            out.append(letter(byte & 15))
        }
    }

    private static func letter(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

    /// Nil when the text has an odd length or another character.
    package static func decode(_ text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count % 2 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(characters.count / 2)
        for index in stride(from: 0, to: characters.count, by: 2) {
            guard let high = digit(characters[index]), let low = digit(characters[index + 1]) else { return nil }
            out.append(high << 4 | low)
        }
        return out
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 48...57: character - 48
        case 97...102: character - 87
        case 65...70: character - 55
        default: nil
        }
    }
}
