import Chain
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@testable import Replica

@Suite struct MempoolTests {
    /// They expire in seven seconds one after the other, from `second` on.
    private func transactions(_ count: Int, senders: Int, from second: UInt64 = 1) throws -> [SignedTransaction] {
        let keys = try (0..<senders).map { try #require(Secp256k1.SecretKey(SHA256.hash([UInt8($0)]).bytes)) }
        return try (0..<count).map { index in
            let key = keys[index % senders]
            let body = TransactionBody(
                network: .zero, sender: key.publicKey, expiry: Timestamp(1_000 * (UInt64(index % 7) + second)),
                salt: UInt64(index), calls: [Call(instance: Address(wellKnown: "x"), method: 0, arguments: [])])
            return SignedTransaction(certified: try Transaction(signing: body, with: key))
        }
    }

    /// The same body with another signature is refused by the name of the one that waits.
    @Test func signedTwiceNamesTheFirst() throws {
        let first = try #require(try transactions(1, senders: 1).first)
        var bytes = first.transaction.bytes
        bytes[bytes.count - 1] ^= 1
        let other = SignedTransaction(certified: try Transaction(bytes: bytes))
        #expect(first.transaction.signedDigest == other.transaction.signedDigest && first.digest != other.digest)
        var pool = Mempool(limits: MempoolLimits())
        #expect(pool.insert(first, isLocal: true) == nil)
        #expect(pool.insert(first, isLocal: true) == .pending)
        let refusal = pool.insert(other, isLocal: true)
        #expect(refusal == .signedOtherwise(first.digest))
        #expect(refusal?.description.contains("\(first.digest)") == true)
        pool.remove(signed: first.transaction.signedDigest)
        #expect(pool.insert(other, isLocal: true) == nil)
    }

    /// Random operations against a plain model: the same members, and every selection offers exactly the waiting ones.
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func behavesLikeItsModel(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let all = try transactions(120, senders: 5)
        var limits = MempoolLimits()
        limits.transactionsMax = 60
        limits.senderTransactionsMax = 20
        var pool = Mempool(limits: limits)
        var uses: [Digest: Int] = [:]
        var floor = Timestamp(0)
        for _ in 0..<3_000 {
            guard let one = all.randomElement(using: &random) else { continue }
            let signed = one.transaction.signedDigest
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<5:
                let refusal = pool.insert(one, isLocal: true)
                let ofSender = all.filter {
                    uses[$0.transaction.signedDigest] != nil
                        && $0.transaction.body.sender == one.transaction.body.sender
                }
                if uses[signed] != nil {
                    #expect(refusal == .pending)
                } else if uses.count == 60 {
                    #expect(refusal == .poolFull)
                } else if ofSender.count == 20 {
                    #expect(refusal?.code == "sender-quota")
                } else {
                    #expect(refusal == nil)
                    uses[signed] = 0
                }
            case 5..<7:
                #expect((pool.remove(signed: signed) != nil) == (uses.removeValue(forKey: signed) != nil))
            case 7..<9:
                pool.use(signed: signed)
                if let count = uses[signed] { uses[signed] = count + 1 }
            case 9:
                pool.release(signed: signed)
                if let count = uses[signed], count > 0 { uses[signed] = count - 1 }
            case 10:
                let (taken, _) = try pool.select(countMax: 1_000, bytesMax: 1_000_000) { _ in .take }
                #expect(Set(taken.map(\.transaction.signedDigest)) == Set(uses.filter { $0.value == 0 }.keys))
                #expect(Set(taken.map(\.digest)).count == taken.count)
            default:
                guard Int.random(in: 0..<40, using: &random) == 0 else { continue }
                floor = floor.adding(milliseconds: 1_000)
                for entry in pool.expire(at: floor) {
                    let expiry = entry.transaction.transaction.body.expiry
                    #expect(expiry < floor)
                    uses[entry.transaction.transaction.signedDigest] = nil
                }
            }
            #expect(pool.count == uses.count)
            #expect(pool.waiting == uses.values.count { $0 == 0 })
        }
        for one in all { pool.remove(signed: one.transaction.signedDigest) }
        #expect(pool.count == 0 && pool.bytes == 0 && pool.waiting == 0)
    }

    @Test func turnsGoOnWhereTheLastSelectionEnded() throws {
        var pool = Mempool(limits: MempoolLimits())
        let all = try transactions(40, senders: 4)
        for one in all { _ = pool.insert(one, isLocal: false) }
        var served: [PublicKey: Int] = [:]
        for _ in 0..<6 {
            let (taken, _) = try pool.select(countMax: 2, bytesMax: 1_000_000) { _ in .take }
            for one in taken {
                served[one.transaction.body.sender, default: 0] += 1
                pool.remove(signed: one.transaction.signedDigest)
            }
        }
        #expect(served.values.allSatisfy { $0 == 3 })
    }

    @Test func windowForgetsWhatHasExpiredOnly() throws {
        var window = ReplayWindow()
        let all = try transactions(70, senders: 3)
        window.insert(all.map { SignedEntries.Entry($0.transaction) })
        for second in UInt64(0)...9 {
            window.advance(to: Timestamp(second * 1_000))
            for one in all where one.transaction.body.expiry >= Timestamp(second * 1_000) {
                #expect(window.contains(one.transaction.signedDigest))
            }
        }
        #expect(window.count == 0)
        // A gap of years is no loop over its seconds.
        window.insert(try transactions(1, senders: 1, from: 20).map { SignedEntries.Entry($0.transaction) })
        #expect(window.count == 1)
        window.advance(to: Timestamp(.max))
        #expect(window.count == 0)
    }
}
