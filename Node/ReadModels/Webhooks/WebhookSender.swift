package import Logging
internal import NodeClient
package import Primitives
internal import Synchronization

/// Tells webhooks what happened: each in the order of the chain, each notice until its receiver took it (status 2xx), with
/// growing pauses and at most `attemptsMax` attempts; then the webhook rests until its owner resumes it. Nothing is left
/// out, and after a crash the last notice may come twice, with the same id.
package struct WebhookSender: Sendable {
    package static let attemptsMax = 8

    /// Posts; the status, or an error when there was no answer.
    package typealias Post =
        @Sendable (_ url: String, _ headers: [(String, String)], _ body: [UInt8]) async throws -> Int

    private let store: WebhookStore
    private let source: BlockSource
    private let log: Logger
    private let now: @Sendable () -> Timestamp
    private let firstPauseMilliseconds: UInt64
    private let post: Post

    /// The pauses between attempts double from `firstPauseMilliseconds` on, up to 15 minutes.
    package init(
        store: WebhookStore, source: BlockSource, log: Logger, firstPauseMilliseconds: UInt64 = 1_000,
        now: @escaping @Sendable () -> Timestamp, post: @escaping Post
    ) {
        self.store = store
        self.source = source
        self.log = log
        self.firstPauseMilliseconds = firstPauseMilliseconds
        self.now = now
        self.post = post
    }

    /// Follows the chain until the task is cancelled. A webhook whose receiver is slow holds up no other.
    package func run() async {
        let busy = BusySet()
        await withTaskGroup(of: Void.self) { group in
            var next = Height(0)
            while !Task.isCancelled {
                do {
                    let began = ContinuousClock.now
                    let final = try await source.finalHeight(next, 1_000)
                    for webhook in try active(upTo: final) {
                        guard busy.enter(webhook.number) else { continue }
                        group.addTask {
                            do { try await tell(webhook, upTo: final) } catch is CancellationError {} catch {
                                log.warning("webhook \(webhook.number) waits: \(error)")
                            }
                            busy.leave(webhook.number)
                        }
                    }
                    next = final.next
                    try await BlockSource.endRound(began: began)
                } catch is CancellationError {
                    break
                } catch {
                    log.warning("webhooks wait: \(error)")
                    try? await Task.sleep(for: .seconds(2))
                }
            }
            group.cancelAll()
        }
    }

    private func active(upTo final: Height) throws -> [Webhook] {
        try store.known().filter { $0.state == .active && $0.height <= final }
    }

    /// Tells every active webhook what it wants of the blocks up to `final`, and returns when all took it or rest.
    package func tellAll(upTo final: Height) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for webhook in try active(upTo: final) { group.addTask { try await tell(webhook, upTo: final) } }
            try await group.waitForAll()
        }
    }

    private func tell(_ webhook: Webhook, upTo final: Height) async throws {
        var height = webhook.height
        var told = webhook.told
        while height <= final {
            if height.value > 0, let block = try await source.block(height) {
                let wanted = MarketNotice.notices(of: block).filter { webhook.wants($0) }
                for notice in wanted.dropFirst(told) {
                    guard try await deliver(notice, to: webhook) else { return }
                    told += 1
                    try store.advance(webhook.number, to: height, told: told)
                }
            } else if height.value > 0, height > (try await source.base()) {
                throw ReadModelError.storage("block \(height) cannot be read")
            }
            height = height.next
            told = 0
            try Task.checkCancellation()
        }
        try store.advance(webhook.number, to: height, told: 0)
    }

    /// Whether the receiver took it.
    private func deliver(_ notice: MarketNotice, to webhook: Webhook) async throws -> Bool {
        let body = notice.json.compact
        for attempt in 1...WebhookSender.attemptsMax {
            let headers = Webhook.headers(id: notice.id, body: body, secret: webhook.secret, now: now())
            let trouble: String
            do {
                let status = try await post(webhook.url, headers, body)
                if (200..<300).contains(status) { return true }
                trouble = "it answered with status \(status)"
            } catch {
                try Task.checkCancellation()
                trouble = "\(error)"
            }
            let isLast = attempt == WebhookSender.attemptsMax
            try store.failed(webhook.number, attempts: attempt, trouble: trouble, pausing: isLast)
            if isLast { break }
            try await Task.sleep(for: .milliseconds(pause(after: attempt)))
        }
        log.warning("webhook \(webhook.number) rests: \(webhook.url) did not take notice \(notice.id)")
        return false
    }

    private func pause(after attempt: Int) -> Int64 {
        Int64(clamping: min(firstPauseMilliseconds << UInt64(attempt - 1), 900_000))
    }
}

/// Webhooks that are being told something now.
private final class BusySet: Sendable {
    private let numbers = Mutex<Set<Int64>>([])
    func enter(_ number: Int64) -> Bool { numbers.withLock { $0.insert(number).inserted } }
    func leave(_ number: Int64) { numbers.withLock { _ = $0.remove(number) } }
}
