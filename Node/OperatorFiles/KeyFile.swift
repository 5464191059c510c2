package import Foundation
package import LedgerCrypto
internal import Primitives

/// A secret secp256k1 key in a file of its own: a first line that names the format, then 64 hexadecimal digits.
/// Written with mode 0600 and refused when others may read it.
package enum KeyFile {
    private static let header = "commonwatt-secret-key/1 secp256k1"

    /// The command that makes members' keys.
    package static let memberMaker = "commonwatt cec member-key"

    package static func create(at path: String) throws -> Secp256k1.SecretKey {
        try NewFile.require(path, "A key", remedy: "choose another folder")
        let key = Draw.secretKey()
        try write(Data("\(header)\n\(Hex.encode(key.bytes))\n".utf8), to: path)
        return key
    }

    /// `maker` is the command that makes such a key.
    package static func read(_ path: String, maker: String = "commonwatt keys new") throws -> Secp256k1.SecretKey {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UserError("No key file at \(path); make one with `\(maker)`.")
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        if let mode = attributes[.posixPermissions] as? Int, mode & 0o077 != 0 {
            throw UserError(
                "\(path) can be read by other users; run `chmod 600 \(path)` and, if they did, make a new key.")
        }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
        guard lines.count == 2, lines[0] == header, let bytes = Hex.decode(lines[1]),
            let key = Secp256k1.SecretKey(bytes)
        else { throw UserError("\(path) is no Commonwatt key file (expected '\(header)' and 64 hexadecimal digits).") }
        return key
    }

    /// Creates a file that only its owner can read.
    package static func write(_ data: Data, to path: String) throws {
        try FileManager.default.createFolder(of: path)
        guard FileManager.default.createFile(atPath: path, contents: data, attributes: [.posixPermissions: 0o600])
        else {
            throw UserError("Could not write \(path); check that the folder exists and is yours.")
        }
    }
}

extension FileManager {
    /// The folder of a file as its path names it; nil for a bare name and for what lies at the root.
    /// (`deletingLastPathComponent` of NSString traps for names of one letter.)
    package static func folder(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return nil }
        return String(path[..<slash])
    }

    /// Makes the folder in which a file is to be written.
    package func createFolder(of path: String) throws {
        guard let folder = FileManager.folder(of: path) else { return }
        try createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
}
