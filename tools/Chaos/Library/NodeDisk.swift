internal import Foundation
internal import Glibc

/// A small ext4 file system in a file, mounted where a node keeps its data.
final class NodeDisk: Sendable {
    private let image: String
    private let place: String

    /// What was at `place` is gone: a journal knows the place where it was made, so a node is prepared anew on its disk.
    init(image: String, at place: String, megabytes: Int) throws {
        self.image = image
        self.place = place
        try Shell.succeed(["truncate", "-s", "\(megabytes)M", image])
        try Shell.succeed(["mkfs.ext4", "-q", "-F", "-m", "0", image])
        try? FileManager.default.removeItem(atPath: place)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try mount()
        Cleanup.shared.add { Shell.run(["umount", "-l", place]) }
    }

    func mount() throws { try Shell.succeed(["mount", "-o", "loop,errors=remount-ro", image, place]) }

    /// Of a stopped node: checks and repairs the file system and mounts it again.
    func repair() throws {
        try Shell.succeed(["umount", place])
        // 0 clean, 1 repaired.
        let outcome = Shell.run(["e2fsck", "-p", image])
        guard outcome.code <= 1 else { throw ChaosError("e2fsck: \(outcome.output)") }
        try mount()
    }

    private var ballast: String { place + "/ballast" }

    /// Takes all room that is left.
    func fill() throws {
        let descriptor = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ChaosError("\(ballast): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0xa5, count: 1 << 16)
        for size in [1 << 16, 1 << 12, 1 << 9] { while write(descriptor, block, size) == size {} }
        fsync(descriptor)
    }

    func makeRoom() { unlink(ballast) }

    /// The file system gives up, as ext4 does after a write error: everything is read-only at once, also for open files.
    func failWrites() throws { try Shell.succeed(["mount", "-o", "remount,abort", place]) }

    /// Major and minor number of the block device.
    func device() throws -> String {
        let source = try Shell.succeed(["findmnt", "-n", "-o", "SOURCE", place])
        let name = source.trimmingCharacters(in: .whitespacesAndNewlines).replacingOccurrences(of: "/dev/", with: "")
        return try String(contentsOfFile: "/sys/block/\(name)/dev", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
