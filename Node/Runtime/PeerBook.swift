internal import Chain
internal import Consensus
internal import NIOConcurrencyHelpers
package import Primitives
internal import Replica

/// A peer as this node sees it.
package struct PeerState: Hashable, Sendable {
    package let peer: Digest
    package let name: String
    package let isValidator: Bool
    package let isConnected: Bool
    package let address: String?
    /// Final height that it claimed last, a few seconds old.
    package let height: Height?
    package let epoch: Epoch
    /// Newest view in which it sent a vote.
    package let view: View
    /// Since its last message, nil when it never sent one.
    package let silenceMilliseconds: UInt64?
    /// It says that its journal is lost, and so does not vote yet.
    package let isAbstaining: Bool
    /// Digest of the rules by which it says that it executes blocks; nil when it does not say.
    package let rules: Digest?
    package let roundTripMicroseconds: Int64?
}

/// What peers have said, by name: for status and for the answer to "why does nothing happen". Thread-safe.
final class PeerBook: Sendable {
    struct Entry {
        var isConnected = false
        var height: Height?
        var epoch = Epoch(0)
        var view = View(0)
        var heardAt: UInt64?
        var isAbstaining = false
        /// As it said since its link came up.
        var rules: Digest?
        /// When the log last said that its rules are others.
        var rulesToldAt: UInt64?
    }

    /// Pause between two lines of the log on the rules of one peer.
    static let rulesQuietMilliseconds: UInt64 = 60_000

    struct Page {
        var names: [Digest: String] = [:]
        var entries: [Digest: Entry] = [:]
        var status: ReplicaStatus?
        var leader = 0
        /// When the current view began, monotonic milliseconds.
        var viewSince: UInt64 = 0
        var halted: String?
        /// Why the own journal counted as lost at the start; nil when it did not.
        var journalLoss: String?
    }

    private let box: NIOLockedValueBox<Page>
    private let counters: CounterBox

    init(names: [Digest: String], counters: CounterBox) {
        box = NIOLockedValueBox(Page(names: names))
        self.counters = counters
    }

    var page: Page { box.withLockedValue { $0 } }

    func setNames(_ names: [Digest: String]) { box.withLockedValue { $0.names = names } }
    func name(_ peer: Digest) -> String { box.withLockedValue { $0.names[peer] } ?? peer.short }

    func connected(_ peer: Digest) {
        box.withLockedValue { page in
            page.entries[peer, default: Entry()].isConnected = true
            page.entries[peer]?.rules = nil
        }
    }
    func disconnected(_ peer: Digest) { box.withLockedValue { $0.entries[peer]?.isConnected = false } }
    func reached(_ height: Height, by peer: Digest) { box.withLockedValue { $0.entries[peer]?.height = height } }

    /// Notes the rules that a peer says it runs. True when they are other than the own ones and the log has not said so of this peer for
    /// a while.
    func runs(_ rules: Digest, _ peer: Digest, own: Digest) -> Bool {
        let now = Clock.monotonicMilliseconds
        return box.withLockedValue { page in
            guard let entry = page.entries[peer] else { return false }
            page.entries[peer]?.rules = rules
            guard rules != own, entry.rulesToldAt.map({ now >= $0 + PeerBook.rulesQuietMilliseconds }) ?? true else {
                return false
            }
            page.entries[peer]?.rulesToldAt = now
            return true
        }
    }

    func journalLost(_ reason: String) { box.withLockedValue { $0.journalLoss = reason } }
    func halted(_ reason: String) { box.withLockedValue { $0.halted = reason } }

    /// Notes what a message says about its sender. Entries exist for allowed peers only, so their number is bounded.
    func observe(_ message: PeerMessage, from peer: Digest) {
        let now = Clock.monotonicMilliseconds
        box.withLockedValue { page in
            page.entries[peer, default: Entry()].heardAt = now
            switch message {
            case .hello(let hello): page.entries[peer]?.height = hello.height
            case .consensus(.vote(let vote), _): page.entries[peer]?.saw(vote.epoch, vote.view)
            case .consensus(.proposal(let proposal), _): page.entries[peer]?.saw(proposal.vote.epoch, proposal.view)
            case .consensus(.status(let status), _):
                page.entries[peer]?.saw(status.epoch, status.view)
                page.entries[peer]?.isAbstaining = status.isRecovering
            default: break
            }
        }
    }

    /// When the view has changed, how long the one before lasted in milliseconds.
    func update(_ status: ReplicaStatus, leader: Int) -> UInt64? {
        let lasted = box.withLockedValue { page -> UInt64? in
            let isNew = page.status?.view != status.view || page.status?.epoch != status.epoch
            page.status = status
            page.leader = leader
            guard isNew else { return nil }
            let now = Clock.monotonicMilliseconds
            defer { page.viewSince = now }
            return now - page.viewSince
        }
        if lasted != nil { counters.add { $0.viewsEntered += 1 } }
        return lasted
    }
}

extension PeerBook.Entry {
    fileprivate mutating func saw(_ epoch: Epoch, _ view: View) {
        if epoch > self.epoch {
            self.epoch = epoch
            self.view = view
        } else if epoch == self.epoch {
            self.view = max(self.view, view)
        }
    }
}
