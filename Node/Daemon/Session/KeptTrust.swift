internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import OperatorFiles
internal import Primitives

/// A small text file with the newest final header that was verified and the validators of its epoch: verified reads go on
/// from there the next time, so that proofs need not begin at the genesis, keys of validators that were retired before
/// prove nothing, and no node shows an older state. Five lines, of which the last has the SHA-256 of those before it:
///
///     commonwatt trusted state 1
///     network <name> <network id, 64 hexadecimal digits>
///     epoch <number> height <number>
///     anchor <TrustAnchor in BCS, hexadecimal digits>
///     check <64 hexadecimal digits>
///
/// Not secret; whoever can write it decides what is believed, as with the genesis file.
struct KeptTrust {
    /// The largest set, of 256 validators, has some 30 KiB in BCS, and twice that in digits.
    static let byteCountMax = 256 * 1_024
    private static let title = "commonwatt trusted state 1"

    let networkName: String
    let anchor: TrustAnchor

    /// Whether `other` was verified later on the same chain.
    func isOlder(than other: TrustAnchor) -> Bool { (anchor.epoch, anchor.height) < (other.epoch, other.height) }

    private static func body(_ name: String, _ anchor: TrustAnchor) -> String {
        """
        \(title)
        network \(name) \(anchor.network)
        epoch \(anchor.epoch) height \(anchor.height)
        anchor \(Hex.encode(anchor.bcs))

        """
    }

    var text: String {
        let body = KeptTrust.body(networkName, anchor)
        return body + "check \(SHA256.hash(Array(body.utf8)))\n"
    }

    /// Nil when the text is not exactly what `text` gives for some anchor with a header.
    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 6, lines[0] == KeptTrust.title else { return nil }
        let network = lines[1].split(separator: " ", omittingEmptySubsequences: false)
        guard network.count == 3, lines[3].hasPrefix("anchor "),
            let bytes = Hex.decode(String(lines[3].dropFirst("anchor ".count))),
            let anchor = try? TrustAnchor(bcs: bytes), anchor.header != nil
        else { return nil }
        self.init(networkName: String(network[1]), anchor: anchor)
        guard self.text == text else { return nil }
    }

    init(networkName: String, anchor: TrustAnchor) {
        self.networkName = networkName
        self.anchor = anchor
    }

    /// Nil when there is no file. Throws `UserError` for one that cannot be read or is damaged.
    static func read(_ path: String) throws -> KeptTrust? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let size = (attributes?[.size] as? Int) ?? 0
        guard size <= byteCountMax, let data = FileManager.default.contents(atPath: path),
            let text = String(bytes: data, encoding: .utf8), let kept = KeptTrust(text: text)
        else {
            throw UserError(
                "\(path) is no trusted state of Commonwatt, or it is damaged. Put a copy in its place; without one move it away and begin anew with --genesis, after making sure that the genesis file is the right one: what was seen before protects from nothing then."
            )
        }
        return kept
    }

    /// Replaces the file whole. A newer state that another command has kept meanwhile stays.
    func write(to path: String) throws {
        // Commands that end at the same moment take turns.
        let turn = open("\(path).lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard turn >= 0, flock(turn, LOCK_EX) == 0 else {
            throw UserError("\(path).lock: \(String(cString: strerror(errno)))")
        }
        defer { close(turn) }
        if let kept = try KeptTrust.read(path) {
            guard kept.anchor.network == anchor.network else {
                throw UserError("\(path) was replaced by the trusted state of another network.")
            }
            guard kept.isOlder(than: anchor) else { return }
        }
        let place = "\(path).\(ProcessInfo.processInfo.processIdentifier).new"
        defer { try? FileManager.default.removeItem(atPath: place) }
        try KeyFile.write(Data(text.utf8), to: place)
        let file = try FileHandle(forWritingTo: URL(filePath: place))
        try file.synchronize()
        try file.close()
        guard rename(place, path) == 0 else { throw UserError(String(cString: strerror(errno))) }
    }
}
