import ChaosHistory
import LedgerCrypto
import Primitives
import Testing

/// A history that holds, and one damage after the other that must be refused for the promise it breaks.
@Suite struct HistoryCheckerTests {
    static let nodes = ["coop", "energylab", "gridco", "sunsupply"]
    static let registers = (0..<3).map { RegisterName(owner: "coop", name: "r\($0)") }
    static let heights: UInt64 = 12

    static func digest(_ text: String) -> Digest { SHA256.hash(Array(text.utf8)) }

    /// Twelve blocks of two writes each, acknowledged a little later; reads of every register between them.
    static func good() -> History {
        var history = History()
        var blocks: [ChainCopy.Block] = []
        var state: [RegisterName: RegisterValue] = [:]
        var parent = digest("genesis")
        for height in 1...heights {
            let time = Double(height)
            let block = digest("block \(height)")
            var transactions: [(digest: Digest, succeeded: Bool)] = []
            for number in 0..<2 {
                let register = registers[(Int(height) + number) % registers.count]
                let name = "write \(height).\(number)"
                // The second write of every fourth block is rejected.
                let succeeded = !(number == 1 && height % 4 == 0)
                if succeeded {
                    let revision = (state[register]?.revision ?? 0) + 1
                    state[register] = RegisterValue(value: Array(name.utf8), revision: revision)
                }
                transactions.append((digest(name), succeeded))
                history.writes.append(
                    WriteRecord(
                        client: number, transaction: digest(name), register: register, value: Array(name.utf8),
                        invoked: time,
                        acknowledged: .init(at: time + 0.5, height: height, block: block, succeeded: succeeded)))
            }
            for (index, register) in registers.enumerated() {
                history.reads.append(
                    ReadRecord(
                        client: 10 + index, node: nodes[index], incarnation: 1, register: register,
                        invoked: time + 0.6, answered: time + 0.7, minimumHeight: height, height: height,
                        value: state[register], isVerified: index != 2))
            }
            blocks.append(.init(height: height, digest: block, parent: parent, transactions: transactions))
            parent = block
        }
        let told = state.mapValues { (height: heights, value: Optional($0)) }
        history.copies = nodes.map { ChainCopy(node: $0, blocks: blocks, registers: told) }
        return history
    }

    @Test func acceptsWhatHolds() {
        let verdict = HistoryChecker.check(HistoryCheckerTests.good())
        #expect(verdict.holds, "\(verdict.words)")
        #expect(verdict.acknowledged == 24 && verdict.reads == 36 && verdict.verifiedReads == 24)
        #expect(verdict.blocks == 12 && verdict.nodes == 4 && verdict.vanished == 0 && verdict.finalUnseen == 0)
    }

    @Test func acceptsWritesThatNobodySawEnd() {
        var history = HistoryCheckerTests.good()
        history.writes[5].acknowledged = nil
        history.writes.append(
            WriteRecord(
                client: 0, transaction: HistoryCheckerTests.digest("lost on the way"),
                register: HistoryCheckerTests.registers[0], value: [1], invoked: 3))
        let verdict = HistoryChecker.check(history)
        #expect(verdict.holds, "\(verdict.words)")
        #expect(verdict.finalUnseen == 1 && verdict.vanished == 1)
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let promise: Violation.Promise
        let apply: @Sendable (inout History) -> Void

        init(_ name: String, _ promise: Violation.Promise, _ apply: @escaping @Sendable (inout History) -> Void) {
            testDescription = name
            self.promise = promise
            self.apply = apply
        }
    }

    /// The chain of one node, changed.
    static func rewrite(
        _ history: inout History, node: Int, _ change: (inout [ChainCopy.Block]) -> Void
    ) {
        let copy = history.copies[node]
        var blocks = copy.blocks
        change(&blocks)
        history.copies[node] = ChainCopy(node: copy.node, blocks: blocks, registers: copy.registers)
    }

    static func replaced(
        _ block: ChainCopy.Block, digest: Digest? = nil, parent: Digest? = nil,
        transactions: [(digest: Digest, succeeded: Bool)]? = nil
    ) -> ChainCopy.Block {
        .init(
            height: block.height, digest: digest ?? block.digest, parent: parent ?? block.parent,
            transactions: transactions ?? block.transactions)
    }

    static func changed(
        _ read: ReadRecord, height: UInt64? = nil, minimumHeight: UInt64? = nil, value: RegisterValue?? = nil,
        node: String? = nil
    ) -> ReadRecord {
        ReadRecord(
            client: read.client, node: node ?? read.node, incarnation: read.incarnation, register: read.register,
            invoked: read.invoked, answered: read.answered, minimumHeight: minimumHeight ?? read.minimumHeight,
            height: height ?? read.height, value: value ?? read.value, isVerified: read.isVerified)
    }

    static let damages: [Damage] = [
        Damage("no node tells a chain", .somethingHappened) { $0.copies = [] },
        Damage("nothing was acknowledged", .somethingHappened) { history in
            for index in history.writes.indices { history.writes[index].acknowledged = nil }
        },
        Damage("one write recorded twice", .somethingHappened) { $0.writes.append($0.writes[0]) },
        Damage("a node lacks the last block", .oneChain) { rewrite(&$0, node: 2) { $0.removeLast() } },
        Damage("another block at one height", .oneChain) {
            rewrite(&$0, node: 3) { $0[11] = replaced($0[11], digest: digest("another")) }
        },
        Damage("a block that does not follow", .oneChain) {
            rewrite(&$0, node: 0) { $0[4] = replaced($0[4], parent: digest("elsewhere")) }
        },
        Damage("a gap in the heights", .oneChain) {
            for node in 0..<4 { rewrite(&$0, node: node) { $0.remove(at: 6) } }
        },
        Damage("a lost write on one node", .nothingLost) {
            rewrite(&$0, node: 1) { $0[2] = replaced($0[2], transactions: [$0[2].transactions[0]]) }
        },
        Damage("a lost write on all nodes", .nothingLost) {
            for node in 0..<4 {
                rewrite(&$0, node: node) { $0[2] = replaced($0[2], transactions: [$0[2].transactions[0]]) }
            }
        },
        Damage("a doubled write", .nothingDoubled) {
            rewrite(&$0, node: 1) {
                $0[7] = replaced($0[7], transactions: $0[7].transactions + [$0[2].transactions[0]])
            }
        },
        Damage("a write acknowledged at another height", .acknowledgedWhereItSays) { history in
            let block = history.copies[0].blocks[4]
            history.writes[6].acknowledged = .init(at: 4.5, height: 5, block: block.digest, succeeded: true)
        },
        Damage("a write acknowledged as done that was rejected", .acknowledgedWhereItSays) { history in
            guard let told = history.writes[7].acknowledged else { return }
            history.writes[7].acknowledged = .init(
                at: told.at, height: told.height, block: told.block, succeeded: !told.succeeded)
        },
        Damage("a register that replaying does not give", .stateIsReplay) { history in
            let copy = history.copies[3]
            var registers = copy.registers
            registers[HistoryCheckerTests.registers[1]] = (heights, RegisterValue(value: [7], revision: 1))
            history.copies[3] = ChainCopy(node: copy.node, blocks: copy.blocks, registers: registers)
        },
        Damage("a register that was written once too often", .stateIsReplay) { history in
            let copy = history.copies[0]
            let registers = copy.registers.mapValues { told in
                (
                    height: told.height,
                    value: told.value.map { RegisterValue(value: $0.value, revision: $0.revision + 1) }
                )
            }
            history.copies[0] = ChainCopy(node: copy.node, blocks: copy.blocks, registers: registers)
        },
        Damage("a state told from before the last acknowledged write", .stateIsReplay) { history in
            let copy = history.copies[0]
            let registers = copy.registers.mapValues { (height: heights - 5, value: $0.value) }
            history.copies[0] = ChainCopy(node: copy.node, blocks: copy.blocks, registers: registers)
        },
        Damage("a read of a value never written", .readsAreReplay) {
            $0.reads[20] = changed($0.reads[20], value: RegisterValue(value: [9, 9], revision: 3))
        },
        Damage("a read that does not see an acknowledged write", .readsAreReplay) {
            $0.reads[20] = changed($0.reads[20], value: .some(nil))
        },
        Damage("a read of a value from the future", .readsAreReplay) {
            $0.reads[0] = changed($0.reads[0], value: $0.reads[30].value)
        },
        Damage("a read below the height asked for", .minimumHeightKept) {
            $0.reads[20] = changed($0.reads[20], height: $0.reads[11].height, value: $0.reads[11].value)
        },
        Damage("a verified read of an old state", .realTimeOrder) {
            $0.reads[24] = changed(
                $0.reads[24], height: $0.reads[3].height, minimumHeight: 0, value: $0.reads[3].value)
        },
        Damage("a write in a block from before it was made", .realTimeOrder) { history in
            let done = history.writes[10].acknowledged
            history.writes[10] = WriteRecord(
                client: 0, transaction: history.writes[10].transaction, register: history.writes[10].register,
                value: history.writes[10].value, invoked: 11,
                acknowledged: done.map { .init(at: 12, height: $0.height, block: $0.block, succeeded: $0.succeeded) })
        },
        Damage("a plain read that goes back", .monotoneReads) {
            $0.reads[32] = changed(
                $0.reads[32], height: $0.reads[2].height, minimumHeight: 0, value: $0.reads[2].value)
        },
    ]

    @Test(arguments: HistoryCheckerTests.damages) func refusesWhatIsBroken(_ damage: Damage) {
        var history = HistoryCheckerTests.good()
        damage.apply(&history)
        let verdict = HistoryChecker.check(history)
        #expect(verdict.count(damage.promise) > 0, "\(damage): \(verdict.words)")
        #expect(!verdict.holds && verdict.words.hasPrefix("BROKEN"))
    }

    @Test func everyPromiseIsBrokenByOneOfThem() {
        let broken = Set(HistoryCheckerTests.damages.map(\.promise))
        #expect(broken == Set(Violation.Promise.allCases))
    }

    /// A node that was killed may forget the newest blocks; the same process may not.
    @Test func anotherStartOfANodeMayKnowLess() {
        var history = HistoryCheckerTests.good()
        let (last, first) = (history.reads[32], history.reads[2])
        history.reads[32] = ReadRecord(
            client: last.client, node: last.node, incarnation: 2, register: last.register, invoked: last.invoked,
            answered: last.answered, minimumHeight: 0, height: first.height, value: first.value, isVerified: false)
        // The read after it stands higher again.
        #expect(HistoryChecker.check(history).holds)
    }
}
