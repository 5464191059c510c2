internal import Chain
package import Logging
package import NodeClient
package import Primitives

/// Where final blocks come from.
package struct BlockSource: Sendable {
    /// A final block with its receipts; nil when this node has it no longer, or not yet.
    package let block: @Sendable (Height) async throws -> ExecutedBlock?
    /// The newest final height, as soon as it is at least the given one or the milliseconds are over.
    package let finalHeight: @Sendable (Height, UInt32) async throws -> Height
    /// The height above which the node has blocks: 0, or that of the state with which it began.
    package let base: @Sendable () async throws -> Height
    /// The newest final state, for who cannot begin with block 1.
    package let state: @Sendable () async throws -> ReadModelState

    package init(
        block: @escaping @Sendable (Height) async throws -> ExecutedBlock?,
        finalHeight: @escaping @Sendable (Height, UInt32) async throws -> Height,
        base: @escaping @Sendable () async throws -> Height,
        state: @escaping @Sendable () async throws -> ReadModelState
    ) {
        self.block = block
        self.finalHeight = finalHeight
        self.base = base
        self.state = state
    }

    /// Ends a round of whoever follows the chain. Under load blocks follow each other within milliseconds; the next round
    /// takes all that becomes final within 50 ms of this one's beginning.
    static func endRound(began: ContinuousClock.Instant) async throws {
        try await Task.sleep(until: began + .milliseconds(50))
    }
}

/// Feeds the read models from final blocks, or begins with a state where blocks are missing. Stops and starts anywhere: the
/// position is where it was written.
package struct ReadModelFeeder: Sendable {
    /// Blocks taken in one transaction while catching up.
    static let blocksMax: UInt64 = 256
    private static let waitMilliseconds: UInt32 = 5_000
    private static let pauseAfterFailure = Duration.seconds(2)

    private let store: ReadModelStore
    private let source: BlockSource
    private let log: Logger

    package init(store: ReadModelStore, source: BlockSource, log: Logger) {
        self.store = store
        self.source = source
        self.log = log
    }

    /// Follows the chain until the task is cancelled. Read models of another chain are dropped and made again.
    package func run() async {
        // Nobody else writes, so the position is read from the disk once.
        var known: Height?
        while !Task.isCancelled {
            do {
                let began = ContinuousClock.now
                let next = try await catchUp(from: known)
                known = next
                try await BlockSource.endRound(began: began)
                _ = try await source.finalHeight(next, ReadModelFeeder.waitMilliseconds)
            } catch is CancellationError {
                return
            } catch ReadModelError.otherChain(let why) {
                known = nil
                log.warning("the read models are made anew: \(why)")
                do { try store.drop() } catch { log.error("\(error)") }
            } catch {
                known = nil
                log.warning("the read models wait: \(error)")
                try? await Task.sleep(for: ReadModelFeeder.pauseAfterFailure)
            }
        }
    }

    /// Takes all blocks that are final now; the next height to wait for.
    ///
    /// - Parameter known: The height after the position, for a caller who knows it.
    @discardableResult
    package func catchUp(from known: Height? = nil) async throws -> Height {
        var known = known
        while true {
            let final = try await source.finalHeight(Height(0), 0)
            if let known, known > final { return known }
            let base = try await source.base()
            let next = try known ?? store.position()?.height.next ?? Height(1)
            guard next <= final else { return next }
            guard next > base else {
                known = try await begin(base)
                continue
            }
            var blocks: [ExecutedBlock] = []
            var height = next
            while height <= final, UInt64(blocks.count) < ReadModelFeeder.blocksMax {
                guard let block = try await source.block(height) else {
                    throw ReadModelError.storage("block \(height) cannot be read")
                }
                blocks.append(block)
                height = height.next
            }
            try store.apply(blocks)
            known = height
            try Task.checkCancellation()
        }
    }

    /// Reads the newest state, since the node does not have the block that comes next; the height after it.
    private func begin(_ base: Height) async throws -> Height {
        let state = try await source.state()
        let height = state.header.height
        log.info("the node has blocks above \(base) only: the read models are made of the state of block \(height)")
        try await store.fill(from: state)
        return height.next
    }
}
