internal import Foundation

/// How packets fare on the way from one node to another.
package struct LinkCondition: Hashable, Sendable {
    /// Share of the packets that vanish, 0 to 1.
    package var loss = 0.0
    package var delayMilliseconds = 0.0
    /// Added at random, up to so much. Packets keep their order.
    package var jitterMilliseconds = 0.0
    package var isCut = false

    package init(loss: Double = 0, delayMilliseconds: Double = 0, jitterMilliseconds: Double = 0, isCut: Bool = false) {
        self.loss = loss
        self.delayMilliseconds = delayMilliseconds
        self.jitterMilliseconds = jitterMilliseconds
        self.isCut = isCut
    }
}

/// The wire between the namespaces: one TUN device per node ends in this process, which passes IP packets on as each
/// direction's condition says. So loss, delay and cuts are the same on kernels without netem, and follow a seed.
final class Switchboard: @unchecked Sendable {
    struct Counters: Codable, Sendable {
        var passed = 0
        var lost = 0
        var cut = 0
        var delayed = 0
        /// Dropped because too many waited.
        var overflowed = 0
    }

    /// Waiting packets of one direction; more are dropped, as a router does.
    private static let waitingMax = 4_096
    private static let packetBytesMax = 65_536
    /// Packets read from one device before the others have their turn.
    private static let burst = 32

    private struct Lane {
        var condition = LinkCondition()
        var waiting: [(due: Double, packet: [UInt8])] = []
        var first = 0
        var lastDue = 0.0
    }

    private let devices: [Int32]
    /// Last byte of each node's address, by node.
    private let hosts: [UInt8]
    private let lock = NSLock()
    // Guarded by `lock`.
    private var lanes: [Lane]
    private var totals = Counters()
    private var random: ChaosGenerator
    private var isStopping = false
    private let ended = DispatchSemaphore(value: 0)

    /// `hosts[i]` is the last byte of the address behind `devices[i]`.
    init(devices: [Int32], hosts: [UInt8], seed: UInt64) {
        self.devices = devices
        self.hosts = hosts
        lanes = Array(repeating: Lane(), count: devices.count * devices.count)
        random = ChaosGenerator(seed: seed)
        let thread = Thread { [self] in run() }
        thread.name = "switch"
        thread.qualityOfService = .userInteractive
        thread.start()
    }

    func stop() {
        lock.withLock { isStopping = true }
        ended.wait()
        for device in devices { close(device) }
    }

    /// Applies to packets that arrive from now on.
    func set(from: Int, to: Int, _ condition: LinkCondition) {
        lock.withLock { lanes[from * devices.count + to].condition = condition }
    }

    func setAll(_ condition: LinkCondition) {
        lock.withLock { for index in lanes.indices { lanes[index].condition = condition } }
    }

    var counters: Counters { lock.withLock { totals } }

    // MARK: the thread

    private func run() {
        var buffer = [UInt8](repeating: 0, count: Switchboard.packetBytesMax)
        var polled = devices.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while !lock.withLock({ isStopping }) {
            let wait = lock.withLock { sendDue(Watch.now()) }
            guard poll(&polled, nfds_t(polled.count), wait) > 0 else { continue }
            for index in polled.indices where polled[index].revents & Int16(POLLIN) != 0 {
                for _ in 0..<Switchboard.burst {
                    let count = read(devices[index], &buffer, buffer.count)
                    guard count > 0 else { break }
                    lock.withLock { route(buffer[..<count], from: index) }
                }
            }
        }
        ended.signal()
    }

    /// Writes what is due; milliseconds until the next, at most 50.
    private func sendDue(_ now: Double) -> Int32 {
        var next = now + 0.05
        for index in lanes.indices {
            while lanes[index].first < lanes[index].waiting.count {
                let entry = lanes[index].waiting[lanes[index].first]
                guard entry.due <= now else {
                    next = min(next, entry.due)
                    break
                }
                lanes[index].first += 1
                deliver(entry.packet, to: index % devices.count)
            }
            if lanes[index].first > 256 || lanes[index].first == lanes[index].waiting.count {
                lanes[index].waiting.removeFirst(lanes[index].first)
                lanes[index].first = 0
            }
        }
        return Int32(max(0, ((next - now) * 1_000).rounded(.up)))
    }

    private func route(_ packet: ArraySlice<UInt8>, from: Int) {
        // IPv4 with a whole header; the last byte of the destination names the node.
        guard packet.count >= 20, packet[0] >> 4 == 4, let to = hosts.firstIndex(of: packet[19]), to != from else {
            return
        }
        let index = from * devices.count + to
        let condition = lanes[index].condition
        if condition.isCut {
            totals.cut += 1
            return
        }
        if condition.loss > 0, Double.random(in: 0..<1, using: &random) < condition.loss {
            totals.lost += 1
            return
        }
        let isQueued = lanes[index].first < lanes[index].waiting.count
        guard condition.delayMilliseconds > 0 || condition.jitterMilliseconds > 0 || isQueued else {
            return deliver(Array(packet), to: to)
        }
        guard lanes[index].waiting.count - lanes[index].first < Switchboard.waitingMax else {
            totals.overflowed += 1
            return
        }
        let extra =
            condition.jitterMilliseconds > 0
            ? Double.random(in: 0...condition.jitterMilliseconds, using: &random) : 0
        let due = max(lanes[index].lastDue, Watch.now() + (condition.delayMilliseconds + extra) / 1_000)
        lanes[index].lastDue = due
        lanes[index].waiting.append((due, Array(packet)))
        totals.delayed += 1
    }

    private func deliver(_ packet: [UInt8], to: Int) {
        totals.passed += 1
        _ = write(devices[to], packet, packet.count)
    }
}

/// SplitMix64, so that a run names the seed that replays its schedule.
package struct ChaosGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
