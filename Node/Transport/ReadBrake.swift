internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Primitives

/// Bytes that a peer has sent and that nobody has dealt with yet, over all its links: whoever links again finds what its
/// earlier links sent still counted. Above the bound no link of the peer is read.
final class ReadBrake: @unchecked Sendable {
    private struct State {
        var bytes = 0
        var isPaused = false
    }

    private let state = NIOLockedValueBox(State())
    private let bytesMax: Int
    private let loop: any EventLoop
    /// The peer's links that are open; the event loop's own.
    private var links: [ObjectIdentifier: Link] = [:]

    init(bytesMax: Int, loop: any EventLoop) {
        self.bytesMax = bytesMax
        self.loop = loop
    }

    var bytes: Int { state.withLockedValue { $0.bytes } }
    var isPaused: Bool { state.withLockedValue { $0.isPaused } }

    /// On the event loop.
    func attach(_ link: Link) { links[ObjectIdentifier(link)] = link }
    /// On the event loop.
    func detach(_ link: Link) { links[ObjectIdentifier(link)] = nil }

    /// Counts a received message; true when reading stops by it.
    func take(_ size: Int) -> Bool {
        state.withLockedValue { state in
            state.bytes += size
            let isNew = !state.isPaused && state.bytes > bytesMax
            if isNew { state.isPaused = true }
            return isNew
        }
    }

    /// From any thread: a received message has been dealt with.
    func release(_ size: Int) {
        let resumes = state.withLockedValue { state in
            state.bytes -= size
            guard state.isPaused, state.bytes < bytesMax / 2 else { return false }
            state.isPaused = false
            return true
        }
        guard resumes else { return }
        loop.execute { [self] in for link in Array(links.values) { link.resume() } }
    }
}

/// Says by its end that a received message has been dealt with; then the peer's links are read on.
package final class ReadCredit: Sendable {
    private let brake: ReadBrake
    private let size: Int

    init(_ brake: ReadBrake, _ size: Int) {
        self.brake = brake
        self.size = size
    }

    deinit { brake.release(size) }
}
