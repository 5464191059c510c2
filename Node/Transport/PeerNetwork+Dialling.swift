internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Primitives

/// A peer that this node dials whenever it has no link to it. Belongs to the event loop.
final class Dial: @unchecked Sendable {
    let address: PeerAddress
    var failures = 0
    var timer: Scheduled<Void>?
    var isConnecting = false
    /// The peer refused this node's key when it answered last.
    var isRefused = false

    init(_ address: PeerAddress) { self.address = address }
}

extension PeerNetwork {
    /// Replaces the addresses. Runs on the event loop.
    func redial(_ addresses: [PeerAddress]) {
        guard !isStopped else { return }
        let wanted = addresses.filter { address in allowed.withLockedValue { $0[address.peer] != nil } }
        let kept = Set(wanted)
        for dial in dials.values where !kept.contains(dial.address) {
            dial.timer?.cancel()
            dials[dial.address.peer] = nil
        }
        for address in wanted where dials[address.peer] == nil {
            dials[address.peer] = Dial(address)
            dialLater(address.peer, isFailure: false)
        }
    }

    /// Plans the next attempt: at once for the smaller key of a pair, a little later for the other, so that both seldom
    /// dial at the same time; after failures with a wait that doubles and varies.
    func dialLater(_ peer: Digest, isFailure: Bool) {
        guard !isStopped, let dial = dials[peer], dial.timer == nil, !dial.isConnecting, links[peer] == nil else {
            return
        }
        if isFailure { dial.failures += 1 }
        let limits = configuration.limits
        let doublings = min(dial.failures, 20)
        var wait = doublings == 0 ? 0 : min(limits.redialMillisecondsMax, limits.redialMilliseconds << (doublings - 1))
        wait += Int64.random(in: 0...max(1, wait / 2))
        if self.peer > peer { wait += 2 * limits.redialMilliseconds }
        dial.timer = loop.scheduleTask(in: .milliseconds(wait)) { [self] in
            dial.timer = nil
            dialNow(dial)
        }
    }

    private func dialNow(_ dial: Dial) {
        let peer = dial.address.peer
        guard !isStopped, dials[peer] === dial, links[peer] == nil else { return }
        dial.isConnecting = true
        connect(dial.address).whenComplete { [self] result in
            dial.isConnecting = false
            guard case .failure(let error) = result else { return }
            counters.dialsFailed += 1
            logger.debug("dialling \(name(peer)) at \(dial.address.host):\(dial.address.port) failed: \(error)")
            dialLater(peer, isFailure: true)
        }
    }
}
