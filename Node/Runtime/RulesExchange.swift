internal import Logging
internal import Primitives

/// Tells peers by which rules this node executes blocks, and says in time when theirs are others: two releases may come to
/// different states from the same blocks, which shows only when they do. A claim, which decides nothing: links stay, since
/// most changes of the rules are compatible, and an upgrade has nodes of both releases for a while.
///
/// A peer is asked on channel 1 as soon as its link is up, and again with the heights until it has answered. An answer is BCS:
/// the digest. Nodes that know no rules, of an earlier release say, refuse the service, and nothing is said of them.
struct RulesExchange: Sendable {
    /// Number of the service; 1 is the data lake's, 2 that of heights.
    static let service: UInt16 = 3
    static let timeoutMilliseconds: Int64 = 2_000

    private let own: Digest?
    private let services: PeerServices
    private let book: PeerBook
    private let logger: Logger

    /// Answers peers from now on.
    init(own: Digest?, services: PeerServices, book: PeerBook, logger: Logger) {
        self.own = own
        self.services = services
        self.book = book
        self.logger = logger
        if let own { services.register(RulesExchange.service, isBrief: true) { _, _ in own.bcs } }
    }

    func ask(_ peer: Digest) async {
        guard let own else { return }
        let answer = try? await services.request(
            RulesExchange.service, [], to: peer, timeoutMilliseconds: RulesExchange.timeoutMilliseconds)
        guard let answer, let rules = try? Digest(bcs: answer), book.runs(rules, peer, own: own) else { return }
        logger.warning("\(RulesExchange.words([(book.name(peer), rules)], own: own))")
    }

    /// What an operator is told of peers that run other rules, at least one.
    static func words(_ others: [(name: String, rules: Digest)], own: Digest) -> String {
        let names = others.map { "\($0.name) (\($0.rules.short))" }.joined(separator: ", ")
        return
            "Other rules than this node's (\(own.short)) run at \(names): from the same blocks they may come to another state. While a network is upgraded that is so for a while; else bring all nodes to one release (docs/operating.md, Upgrade; `commonwatt --version` says the rules of a program)."
    }
}
