package import Chain
package import NodeClient
package import Primitives

/// Parameters that several routes share.
package enum CommonParameters {
    package static let minimumHeight = ParameterKey<Height>(
        "minimumHeight", .query, .counter,
        "Answer from this height or above: the node waits for it a moment, else says 503. Gives read-your-writes.")

    /// What any node accepts as `wait`; how long it does wait is its own setting.
    package static let waitSecondsMax: UInt64 = 60

    package static let wait = ParameterKey<UInt64>(
        "wait", .query, .number(0...waitSecondsMax),
        "Seconds to wait for what is not there yet, before the answer is given as it stands. A node may wait less.")

    package static let instance = ParameterKey<Address>(
        "instance", .path, .address, "A contract instance: its well-known name or 40 hexadecimal digits.",
        example: "governance")

    package static let digest = ParameterKey<Digest>("digest", .path, .digest, "SHA-256 of the transaction's bytes.")

    package static let reference = ParameterKey<BlockReference>(
        "reference", .path, .blockReference, "`latest`, a height, or a block's digest.")

    package static let key = ParameterKey<[UInt8]>(
        "key", .path, .hex(1...StateChange.keyBytesMax), "The key's bytes in hexadecimal.")
}

extension APIConfiguration {
    /// Seconds that this node waits for a request: what was asked for, at most the node's own limit.
    func waitSeconds(_ request: APIRequest) -> UInt32 {
        min(UInt32(clamping: request[CommonParameters.wait] ?? 0), waitSecondsMax, 3_600)
    }
}

extension JSONCoder where Value == BlockReference {
    package static var blockReference: JSONCoder<BlockReference> {
        JSONCoder(
            Schema(["type": "string", "pattern": "^(latest|[0-9]{1,19}|[0-9a-fA-F]{64})$"]),
            encode: { reference in
                switch reference {
                case .latest: "latest"
                case .height(let height): .string(String(height.value))
                case .digest(let digest): .string(digest.description)
                }
            },
            decode: { json in
                let text = json.text ?? ""
                if text == "latest" { return .latest }
                if let digest = Digest(hex: text) { return .digest(digest) }
                guard (1...19).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                    let height = UInt64(text)
                else { throw JSONFailure("expected latest, a height, or 64 hexadecimal digits") }
                return .height(Height(height))
            })
    }
}
