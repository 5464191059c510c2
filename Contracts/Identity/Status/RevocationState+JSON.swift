internal import Encodings
package import Primitives

extension RevocationState {
    package static let registryPart = "/REV_REG_DEF/"
    package static let listPart = "/REV_LIST/"

    /// DID URL of the lists of a registry; nil for text that names no registry.
    package static func listURL(ofRegistry url: String) -> String? { swap(url, registryPart, listPart) }
    package static func registryURL(ofList url: String) -> String? { swap(url, listPart, registryPart) }

    private static func swap(_ url: String, _ old: String, _ new: String) -> String? {
        let units = Array(url.utf8)
        let pattern = Array((String(ObjectPath.anoncreds.dropLast()) + old).utf8)
        guard units.count >= pattern.count,
            let start = (0...(units.count - pattern.count)).first(where: { units[$0...].starts(with: pattern) })
        else { return nil }
        let rest = units[(start + pattern.count)...]
        let text = Array(units[..<start]) + Array((String(ObjectPath.anoncreds.dropLast()) + new).utf8) + rest
        return String(validating: text, as: UTF8.self)
    }

    /// The canonical text of the AnonCreds revocation list: members in order, one digit per credential. `time` is the
    /// block's; AnonCreds counts whole seconds.
    package func content(issuer: String, registry: String, capacity: UInt32, time: Timestamp) -> [UInt8] {
        var out = Array("{\"currentAccumulator\":".utf8)
        JSON.quote(accumulator, to: &out)
        out += Array(",\"issuerId\":".utf8)
        JSON.quote(issuer, to: &out)
        out += Array(",\"revRegDefId\":".utf8)
        JSON.quote(registry, to: &out)
        out += Array(",\"revocationList\":[".utf8)
        out.reserveCapacity(out.count + 2 * Int(capacity) + 40)
        for index in 0..<Int(capacity) {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out.append(isRevoked(index) ? UInt8(ascii: "1") : UInt8(ascii: "0"))
        }
        out += Array("],\"timestamp\":\(time.value / 1_000)}".utf8)
        return out
    }

    package func isRevoked(_ index: Int) -> Bool {
        index >= 0 && index / 8 < revoked.count && revoked[index / 8] >> UInt8(index % 8) & 1 == 1
    }

    /// Whether it has exactly the bits of so many credentials.
    package func fits(capacity: UInt32) -> Bool {
        let count = Int(capacity)
        guard revoked.count == (count + 7) / 8 else { return false }
        guard count % 8 != 0, let last = revoked.last else { return true }
        return last >> UInt8(count % 8) == 0
    }
}
