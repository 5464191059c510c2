package import Chain
package import LedgerCrypto
package import Primitives

extension JSONCoder where Value == Bool {
    package static var flag: JSONCoder {
        JSONCoder(
            Schema(["type": "boolean"]), encode: { .bool($0) },
            decode: { json in
                guard case .bool(let value) = json else {
                    throw JSONFailure("expected true or false, not \(json.kind)")
                }
                return value
            })
    }
}

extension JSONCoder where Value == UInt64 {
    package static func number(_ range: ClosedRange<UInt64> = 0...UInt64.max) -> JSONCoder {
        JSONCoder(
            Schema([
                "type": "integer", "minimum": .unsigned(range.lowerBound), "maximum": .unsigned(range.upperBound),
            ]),
            encode: { .unsigned($0) },
            decode: { json in
                guard let value = integer(json), range.contains(value) else {
                    throw JSONFailure("expected a whole number from \(range.lowerBound) to \(range.upperBound)")
                }
                return value
            })
    }

    /// A 64-bit number as decimal text, where a reader with 53-bit numbers would lose digits.
    package static var decimalText: JSONCoder {
        JSONCoder(
            Schema(["type": "string", "pattern": "^[0-9]{1,20}$"]), encode: { .string(String($0)) },
            decode: { json in
                guard let text = json.text, let value = UInt64(text) else {
                    throw JSONFailure("expected a 64-bit number as text")
                }
                return value
            })
    }

    // 1.0 is an integer to JSON Schema.
    private static func integer(_ json: JSONValue) -> UInt64? {
        switch json {
        case .unsigned(let value): value
        case .double(let value): UInt64(exactly: value)
        default: nil
        }
    }
}

extension JSONCoder where Value: Counter {
    package static var counter: JSONCoder {
        JSONCoder<UInt64>.number().map(to: { Value($0) }, from: { $0.value })
    }
}

extension JSONCoder where Value: FixedWidthInteger & UnsignedInteger & Sendable {
    /// The whole range of a smaller unsigned type.
    package static var small: JSONCoder {
        JSONCoder<UInt64>.number(0...UInt64(Value.max)).map(to: { Value(clamping: $0) }, from: { UInt64($0) })
    }
}

extension JSONCoder where Value == String {
    package static func text(max: Int) -> JSONCoder {
        JSONCoder(
            Schema(["type": "string", "maxLength": .unsigned(UInt64(clamping: max))]), encode: { .string($0) },
            decode: { json in
                guard let text = json.text else { throw JSONFailure("expected a text, not \(json.kind)") }
                guard text.unicodeScalars.count <= max else {
                    throw JSONFailure("at most \(max) characters are allowed")
                }
                return text
            })
    }

    /// One of a few words.
    package static func word(_ words: [String]) -> JSONCoder {
        JSONCoder(
            Schema(["type": "string", "enum": .array(words.map { .string($0) })]), encode: { .string($0) },
            decode: { json in
                guard let text = json.text, words.contains(text) else {
                    throw JSONFailure("expected one of \(words.joined(separator: ", "))")
                }
                return text
            })
    }
}

extension JSONCoder where Value == [UInt8] {
    /// Hexadecimal digits of `count` bytes: lower case out, either case in.
    package static func hex(_ count: ClosedRange<Int>) -> JSONCoder {
        let least: UInt64 = UInt64(clamping: count.lowerBound) * 2
        let most: UInt64 = UInt64(clamping: count.upperBound) * 2
        return JSONCoder(
            Schema([
                "type": "string", "pattern": "^([0-9a-fA-F]{2})*$", "minLength": .unsigned(least),
                "maxLength": .unsigned(most),
            ]),
            encode: { .string(Hex.encode($0)) },
            decode: { json in
                guard let text = json.text, let bytes = Hex.decode(text) else {
                    throw JSONFailure("expected an even number of hexadecimal digits")
                }
                guard count.contains(bytes.count) else {
                    throw JSONFailure("expected \(count.lowerBound) to \(count.upperBound) bytes, not \(bytes.count)")
                }
                return bytes
            })
    }
}

extension JSONCoder where Value == Digest {
    package static var digest: JSONCoder<Digest> {
        JSONCoder(
            Schema(["type": "string", "pattern": "^[0-9a-fA-F]{64}$"]), encode: { .string($0.description) },
            decode: { json in
                guard let value = json.text.flatMap(Digest.init(hex:)) else {
                    throw JSONFailure("expected 64 hexadecimal digits")
                }
                return value
            })
    }
}

extension JSONCoder where Value == Address {
    package static var address: JSONCoder<Address> {
        JSONCoder(
            Schema(["type": "string", "pattern": "^([0-9a-fA-F]{40}|[a-z-]{1,19})$"]),
            encode: { .string($0.description) },
            decode: { json in
                guard let value = json.text.flatMap(Address.init(text:)) else {
                    throw JSONFailure("expected a well-known name or 40 hexadecimal digits")
                }
                return value
            })
    }
}

extension JSONCoder where Value == PublicKey {
    package static var publicKey: JSONCoder<PublicKey> {
        JSONCoder(
            Schema(["type": "string", "pattern": "^((secp256k1|p256):[0-9a-fA-F]{66}|ed25519:[0-9a-fA-F]{64})$"]),
            encode: { .string($0.description) },
            decode: { json in
                guard let value = json.text.flatMap({ PublicKey($0) }) else {
                    throw JSONFailure("expected a public key as <scheme>:<hexadecimal digits>")
                }
                return value
            })
    }
}

extension JSONCoder where Value == Signature {
    package static var signature: JSONCoder<Signature> {
        JSONCoder<[UInt8]>.hex(Signature.byteCount...Signature.byteCount).map(
            to: { bytes in
                guard let value = Signature(bytes) else { throw JSONFailure("expected 64 bytes") }
                return value
            }, from: { $0.bytes })
    }
}
