internal import Foundation
internal import NodeClient

/// What the machine must offer for a scenario. What it lacks is said, and the scenario is skipped visibly.
package enum Capability: String, Sendable, CaseIterable, Codable {
    /// Root, `ip`, `nsenter`, network namespaces, bridges.
    case namespaces
    /// /dev/net/tun, for the switch between the peers.
    case switching
    /// Loop devices and ext4, for disks that fill up or fail.
    case disks
    /// The preloaded library of `Clock/clock.c`, for a wall clock of its own.
    case wallClock
    /// The blkio controller with throttling.
    case slowDisk
    /// Two processors, and `taskset`, to give a hostile process its own.
    case processors

    /// Built by the script tools/chaos, beside the programs.
    static var clockLibrary: String? {
        (try? Shell.sibling("libchaosclock.so")).flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
    }

    /// Nil when it is there, else why not.
    package var lack: String? {
        switch self {
        case .namespaces: Capability.namespaceLack
        case .switching:
            access("/dev/net/tun", R_OK | W_OK) == 0 ? nil : "/dev/net/tun cannot be opened"
        case .disks: Capability.diskLack
        case .processors: Processors.lack
        case .wallClock:
            Capability.clockLibrary != nil ? nil : "libchaosclock.so is not built; the script tools/chaos builds it"
        case .slowDisk:
            FileManager.default.fileExists(atPath: Names.throttleRoot + "/blkio.throttle.write_iops_device")
                || FileManager.default.fileExists(atPath: Names.throttleRoot + "/blkio.throttle.io_serviced")
                ? nil : "no blkio controller with throttling below \(Names.throttleRoot)"
        }
    }

    private static var namespaceLack: String? {
        guard geteuid() == 0 else { return "root is needed for network namespaces" }
        for program in ["ip", "nsenter"] where Shell.path(of: program) == nil {
            return "\(program) is not installed (Debian: iproute2, util-linux)"
        }
        let name = "\(Names.namespacePrefix)\(getpid())-probe"
        let outcome = Shell.run(["ip", "netns", "add", name])
        defer { Shell.run(["ip", "netns", "del", name]) }
        guard outcome.code == 0 else { return "network namespaces are not permitted: \(outcome.output)" }
        return nil
    }

    private static var diskLack: String? {
        for program in ["mkfs.ext4", "mount", "umount", "losetup", "e2fsck"] where Shell.path(of: program) == nil {
            return "\(program) is not installed (Debian: e2fsprogs, mount)"
        }
        return FileManager.default.fileExists(atPath: "/dev/loop-control") ? nil : "there are no loop devices"
    }
}
