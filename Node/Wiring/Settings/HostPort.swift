internal import Foundation
internal import OperatorFiles

/// A host and a port, checked.
struct HostPort: Hashable, Sendable, CustomStringConvertible {
    let host: String
    let port: Int

    init(_ text: String, setting: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port), colon != text.startIndex
        else { throw UserError("Setting '\(setting)': expected host:port (port 1 to 65535), not '\(text)'.") }
        host = String(text[..<colon]).trimmingCharacters(in: ["[", "]"])
        guard !host.isEmpty, host.utf8.allSatisfy(HostPort.isHostCharacter) else {
            throw UserError("Setting '\(setting)': '\(host)' is neither a host's name nor an address.")
        }
        self.port = port
    }

    /// Letters, digits and what stands in names and in addresses of both families.
    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case 0x2d, 0x2e, 0x3a, 0x5f, 0x25: true  // - . : _ and % before an IPv6 zone
        default: false
        }
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
