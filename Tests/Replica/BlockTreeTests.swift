import Chain
import LedgerCrypto
import LedgerState
import Primitives
import TestSupport
import Testing

@testable import Replica

@Suite struct BlockTreeTests {
    private func block(_ number: UInt64, above parent: Digest, height: UInt64, isUsing: Bool = true) throws
        -> ExecutedBlock
    {
        let header = BlockHeader(
            network: .zero, height: Height(height), view: View(number), epoch: Epoch(0), parent: parent,
            parentView: View(0), time: Timestamp(number), proposer: 0, transactionsRoot: Block.transactionsRoot([]),
            stateRoot: .zero, receiptsRoot: .zero, validatorSet: .zero, nextValidatorSet: .zero)
        let block = try #require(Block(header: header, transactions: []))
        return ExecutedBlock(
            block: block, bytes: block.bcs, state: StateSnapshot.empty(over: MemoryStore()), receipts: [],
            receiptBytes: [], nextValidators: nil, signed: [], places: [:], journalSequence: number, isUsing: isUsing)
    }

    @Test func cuttingKeepsTheDescendantsOnly() throws {
        var tree = BlockTree()
        let a = try block(1, above: .zero, height: 1)
        let b = try block(2, above: a.block.digest, height: 2)
        let c = try block(3, above: b.block.digest, height: 3)
        let fork = try block(4, above: .zero, height: 1)
        let forkChild = try block(5, above: fork.block.digest, height: 2)
        for one in [a, b, fork, forkChild, c] { tree.insert(one) }
        #expect(tree.path(to: c.block.digest, from: .zero) == [a, b, c].map(\.block.digest))
        #expect(tree.path(to: c.block.digest, from: fork.block.digest) == nil)
        let removed = tree.cut(to: b.block.digest)
        #expect(removed.map(\.block.digest) == [a, fork, forkChild].map(\.block.digest))
        #expect(tree.order == [c.block.digest])
    }

    /// Thousands of failed views do not fill the memory; what is built on, or may yet be, stays.
    @Test func blocksOfFailedViewsAreDropped() throws {
        var tree = BlockTree()
        let base = try block(1, above: .zero, height: 1, isUsing: false)
        tree.insert(base)
        let child = try block(2, above: base.block.digest, height: 2)
        tree.insert(child)
        for number in UInt64(3)..<2_000 {
            tree.insert(try block(number, above: child.block.digest, height: 3, isUsing: false))
            tree.dropAbandoned()
        }
        #expect(tree.count == BlockTree.countMax)
        #expect(tree[base.block.digest] != nil && tree[child.block.digest] != nil)
        #expect(tree.path(to: tree.order[tree.order.count - 1], from: .zero)?.count == 3)
    }
}
