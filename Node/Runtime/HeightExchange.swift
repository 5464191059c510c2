internal import Chain
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Primitives
internal import Replica

/// Peers' final heights for people and monitors: asked for every few seconds on channel 1. The replica's own messages
/// name a height only when a link comes up. Claims, which decide nothing.
enum HeightExchange {
    /// Number of the service; 1 is the data lake's.
    static let service: UInt16 = 2
    static let intervalMilliseconds: Int64 = 3_000
    static let timeoutMilliseconds: Int64 = 2_000

    /// Answers and asks until the loop ends. An answer is BCS: the height.
    static func start(_ parts: NodeParts) {
        parts.services.register(service, isBrief: true) { [weak parts] _, _ in
            (parts?.hub.view.tip.height ?? Height(0)).bcs
        }
        // A round ends before the next one begins, since the timeout is shorter than the interval.
        parts.loop.scheduleRepeatedTask(
            initialDelay: .milliseconds(intervalMilliseconds), delay: .milliseconds(intervalMilliseconds)
        ) { [weak parts] repeated in
            guard let parts else { return repeated.cancel() }
            Task { await round(parts) }
        }
    }

    private static func round(_ parts: NodeParts) async {
        let peers = parts.book.page.entries.filter(\.value.isConnected).map(\.key)
        await withTaskGroup(of: Void.self) { group in
            for peer in peers {
                group.addTask { await parts.askRules(of: peer) }
                group.addTask {
                    let answer = try? await parts.services.request(
                        service, [], to: peer, timeoutMilliseconds: timeoutMilliseconds)
                    if let answer, let height = try? Height(bcs: answer) { parts.book.reached(height, by: peer) }
                }
            }
        }
    }
}
