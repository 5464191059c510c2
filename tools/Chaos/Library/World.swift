internal import Foundation
internal import Glibc
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Four validators as processes, each in a network namespace of its own.
///
/// Clients reach a node over a veth pair and a bridge that no fault touches. Peers reach each other through
/// `Switchboard`, or over the same bridge when a scenario wants the whole speed.
final class World: @unchecked Sendable {
    struct Plan: Sendable {
        var seed: UInt64 = 1
        var heartbeatMilliseconds = 500
        /// Peers over the bridge, without the switch.
        var peersOnBridge = false
        /// Nodes with a disk of their own, and its megabytes.
        var disks: [Int: Int] = [:]
        /// Nodes whose wall clock can be moved.
        var clocks: Set<Int> = []
        /// Whether a client has no more requests a second than at a node whose settings say nothing of it.
        var hasUsualRequestLimit = false
        /// Whether the genesis is made for decisions: they are carried out a second after they are made, and this
        /// contract is not active yet.
        var decides = false
        var inactiveContract: String?
    }

    static let validators = 4
    static let peerPort = 7_400
    static let rpcPort = 8_400
    /// Names of the programs' interfaces: third byte of the peers' and of the clients' addresses.
    private static let peerNet = 1
    private static let clientNet = 2
    /// Last byte of this process's own address, and of the one that hostile clients use.
    static let ownHost = 254
    static let hostileHost = 253
    /// Of the honest clients' addresses: a node limits what one address asks.
    static let clientHosts = 230..<238

    let plan: Plan
    let folder: String
    private(set) var nodes: [ChaosNode] = []
    private(set) var switchboard: Switchboard?
    private let mark: Int

    var names: [String] { nodes.map(\.name) }

    static func address(_ net: Int, _ host: Int) -> String { "10.\(200 + Int(getpid()) % 50).\(net).\(host)" }
    static func clientAddress(_ host: Int) -> String { address(clientNet, host) }

    /// Makes keys, genesis and settings with `commonwatt devnet init`, the namespaces and the wires. No node runs yet.
    init(_ plan: Plan) throws {
        self.plan = plan
        mark = Cleanup.shared.mark
        folder = Names.folder
        let folder = folder
        Names.removeFolder(folder)
        Cleanup.shared.add { Names.removeFolder(folder) }
        do {
            try prepare()
        } catch {
            Cleanup.shared.run(downTo: mark)
            throw error
        }
    }

    private func prepare() throws {
        let program = try Shell.sibling("commonwatt")
        try Shell.succeed([
            program, "devnet", "init", "--dir", folder, "--base-port", "\(World.peerPort)", "--validators",
            "\(World.validators)", "--heartbeat", "\(plan.heartbeatMilliseconds)",
        ])
        let found = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            FileManager.default.fileExists(atPath: "\(folder)/\($0)/node.yaml")
        }.sorted()
        if plan.decides { try rewriteGenesis(found, program) }
        try makeBridge()
        for (index, name) in found.enumerated() {
            nodes.append(try makeNode(name, index, program))
        }
        if !plan.peersOnBridge { try makeSwitch() }
    }

    /// Stops everything and leaves nothing behind.
    func destroy() { Cleanup.shared.run(downTo: mark) }

    private func makeBridge() throws {
        let bridge = Names.link("b")
        try Shell.succeed(["ip", "link", "add", bridge, "type", "bridge"])
        Cleanup.shared.add { Shell.run(["ip", "link", "del", bridge]) }
        for host in [World.ownHost, World.hostileHost] + World.clientHosts {
            try Shell.succeed(["ip", "addr", "add", "\(World.clientAddress(host))/24", "dev", bridge])
        }
        try Shell.succeed(["ip", "link", "set", bridge, "up"])
    }

    private func makeNode(_ name: String, _ index: Int, _ program: String) throws -> ChaosNode {
        let space = Names.namespace(index)
        try Shell.succeed(["ip", "netns", "add", space])
        Cleanup.shared.add { Names.removeNamespace(space) }
        try Shell.succeed(["ip", "-n", space, "link", "set", "lo", "up"])
        let (outer, inner) = (Names.link("v\(index)"), Names.link("w\(index)"))
        try Shell.succeed(["ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", space])
        Cleanup.shared.add { Shell.run(["ip", "link", "del", outer]) }
        try Shell.succeed(["ip", "link", "set", outer, "master", Names.link("b"), "up"])
        try Shell.succeed(["ip", "-n", space, "addr", "add", "\(World.clientAddress(index + 1))/24", "dev", inner])
        try Shell.succeed(["ip", "-n", space, "link", "set", inner, "up"])
        try rewriteSettings("\(folder)/\(name)/node.yaml", index)
        let node = ChaosNode(
            name: name, index: index, folder: "\(folder)/\(name)", namespace: space, program: program,
            url: "http://\(World.clientAddress(index + 1)):\(World.rpcPort + index)")
        if plan.clocks.contains(index) { try node.prepareClock() }
        if let megabytes = plan.disks[index] { try node.makeDisk(megabytes: megabytes) }
        return node
    }

    func peerAddress(_ index: Int) -> String {
        World.address(plan.peersOnBridge ? World.clientNet : World.peerNet, index + 1)
    }

    /// The settings name loopback; here every node has addresses of its own.
    private func rewriteSettings(_ path: String, _ index: Int) throws {
        var text = try String(contentsOfFile: path, encoding: .utf8)
        for other in 0..<World.validators {
            text = text.replacingOccurrences(
                of: "127.0.0.1:\(World.peerPort + other)", with: "\(peerAddress(other)):\(World.peerPort + other)")
        }
        text = text.replacingOccurrences(
            of: "127.0.0.1:\(World.rpcPort + index)", with: "\(World.clientAddress(index + 1)):\(World.rpcPort + index)"
        )
        if !plan.hasUsualRequestLimit { text += "requests-per-second-max: 100000\n" }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func makeSwitch() throws {
        var devices: [Int32] = []
        for node in nodes {
            let name = Names.link("t\(node.index)")
            let device = try TunDevice.open(name)
            devices.append(device)
            try Shell.succeed(["ip", "link", "set", name, "netns", node.namespace])
            for words in [
                ["addr", "add", "\(World.address(World.peerNet, node.index + 1))/24", "dev", name],
                ["link", "set", name, "mtu", "1500", "txqueuelen", "4000", "up"],
            ] { try Shell.succeed(["ip", "-n", node.namespace] + words) }
        }
        let board = Switchboard(devices: devices, hosts: nodes.map { UInt8($0.index + 1) }, seed: plan.seed)
        Cleanup.shared.add { board.stop() }
        switchboard = board
    }

    // MARK: keys

    func genesisData() throws -> Data { try Data(contentsOf: URL(filePath: folder + "/genesis.json")) }

    func operatorKey(_ node: ChaosNode) throws -> Secp256k1.SecretKey { try key(node, "operator") }

    func key(_ node: ChaosNode, _ name: String) throws -> Secp256k1.SecretKey {
        let text = try String(contentsOfFile: "\(node.folder)/keys/\(name).key", encoding: .utf8)
        guard let line = text.split(separator: "\n").last, let bytes = Hex.decode(String(line)),
            let key = Secp256k1.SecretKey(bytes)
        else { throw ChaosError("the \(name) key of \(node.name) cannot be read") }
        return key
    }

    // MARK: waiting

    func startAll() async throws {
        for node in nodes { try node.start() }
        for node in nodes { try await node.ready(seconds: 30) }
    }

    /// The last lines of every node's log, for a failure's message.
    var logs: String {
        nodes.map { "-- \($0.name)\n" + $0.logTail(lines: 6) }.joined(separator: "\n")
    }
}

/// A TUN device that hands over bare IP packets.
enum TunDevice {
    private static let setInterface: UInt = 0x4004_54ca
    private static let withoutHeader: UInt16 = 0x0001 | 0x1000

    static func open(_ name: String) throws -> Int32 {
        let device = Glibc.open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard device >= 0 else { throw ChaosError("/dev/net/tun: \(String(cString: strerror(errno)))") }
        // struct ifreq: 16 bytes of name, then flags in the union.
        var request = [UInt8](repeating: 0, count: 40)
        for (index, byte) in name.utf8.prefix(15).enumerated() { request[index] = byte }
        request[16] = UInt8(withoutHeader & 0xff)
        request[17] = UInt8(withoutHeader >> 8)
        let result = request.withUnsafeMutableBytes { ioctl(device, setInterface, $0.baseAddress!) }
        guard result == 0 else {
            close(device)
            throw ChaosError("the device \(name) cannot be made: \(String(cString: strerror(errno)))")
        }
        return device
    }
}
