import Chain
import Consensus
import LedgerCrypto
import LedgerState
import Primitives
import Replica
import TestSupport
import Testing

@Suite struct PoolTests {
    private func code(_ refusal: TransactionRefusal?) -> String? { refusal?.code }

    /// A running node of a network of one, which makes blocks at once.
    private func single(
        parameters: ChainParameters = TestNetwork.parameters,
        configure: @escaping (inout ReplicaConfiguration) -> Void = { $0.checkpointBlocks = 4 }
    ) throws -> TestNetwork {
        let network = try TestNetwork(validators: 1, parameters: parameters, configure: configure)
        try network.startAll()
        return network
    }

    @Test func replaysAreRefused() throws {
        let network = try single()
        let body = try network.put("once")
        #expect(try network.submit([body], to: 0) == [nil])
        #expect(try network.submit([body], to: 0).map(code) == ["pending"])
        #expect(try network.runUntilFinal([body]))
        #expect(try network.submit([body], to: 0).map(code) == ["included"])
        // Signed again with another nonce it has another digest, but says the same.
        let height = network.nodes[0].tip
        // After a restart the window is rebuilt from the store and the journal.
        try network.run(10_000)
        network.crash(0, keeping: 100)
        try network.start(0)
        #expect(network.nodes[0].tip >= height)
        #expect(try network.submit([body], to: 0).map(code) == ["included"])
        // Beyond its expiry it is refused for that.
        try network.run(60_000)
        #expect(try network.submit([body], to: 0).map(code) == ["expired"])
    }

    @Test func refusalsSayWhy() throws {
        let network = try single()
        let stranger = try #require(Secp256k1.SecretKey(SHA256.hash(Array("stranger".utf8)).bytes))
        func body(network id: Digest, key: Secp256k1.SecretKey, expiry: UInt64) throws -> Transaction {
            let body = TransactionBody(
                network: id, sender: key.publicKey, expiry: Timestamp(expiry), salt: 1,
                calls: [TestApplication.put([1], [2])])
            return try Transaction(signing: body, with: key)
        }
        let id = network.genesis.network
        let now = network.instant.wall.value
        let key = network.clients[0]
        let answers = try network.submit(
            [
                try body(network: .zero, key: key, expiry: now + 1_000),
                try body(network: id, key: key, expiry: now - 1),
                try body(network: id, key: key, expiry: now + 600_001),
                try body(network: id, key: stranger, expiry: now + 1_000),
            ], to: 0)
        #expect(answers.map(code) == ["other-network", "expired", "expiry-too-far", "not-admitted"])
        for answer in answers { #expect(answer?.description.isEmpty == false) }
        // A wrong signature does not even become a signed transaction.
        let right = try network.put("right")
        var bytes = right.bytes
        bytes[bytes.count - 1] ^= 1
        #expect(SignedTransaction(verifying: try Transaction(bytes: bytes)) == nil)
    }

    @Test func boundsHold() throws {
        let network = try single { configuration in
            configuration.mempool.transactionsMax = 10
            configuration.mempool.senderTransactionsMax = 4
        }
        let mine = try (0..<6).map { try network.put("key \($0)", client: 0) }
        #expect(try network.submit(mine, to: 0).map(code) == [nil, nil, nil, nil, "sender-quota", "sender-quota"])
        let others = try (0..<4).map { try network.put("other \($0)", client: 1) }
        #expect(try network.submit(others, to: 0).map(code) == [nil, nil, nil, nil])
        let third = try (0..<3).map { try network.put("third \($0)", client: 2) }
        #expect(try network.submit(third, to: 0).map(code) == [nil, nil, "pool-full"])
        // Room again once they are final.
        #expect(try network.runUntilFinal(Array(mine.prefix(4)) + others + third.prefix(2)))
        #expect(network.nodes[0].status?.poolTransactions == 0)
        #expect(network.nodes[0].status?.poolBytes == 0)
        #expect(try network.submit(Array(mine.suffix(2)), to: 0).map(code) == [nil, nil])
    }

    @Test func bytesAreBounded() throws {
        let network = try single { configuration in configuration.mempool.senderBytesMax = 500 }
        let answers = try network.submit(try (0..<4).map { try network.put("key \($0)") }, to: 0)
        #expect(answers.map(code) == [nil, nil, "sender-quota", "sender-quota"])
    }

    /// One sender with thousands waiting does not hold up another one's only transaction.
    @Test func sendersTakeTurns() throws {
        var parameters = TestNetwork.parameters
        parameters.blockTransactionsMax = 10
        let network = try single(parameters: parameters)
        // Pooled while no leader may build, so that the selection is made over all of them.
        let many = try (0..<500).map { try network.put("key \($0)", client: 0) }
        try network.submit(many, to: 0)
        let one = try network.put("one", client: 1)
        try network.submit([one], to: 0)
        #expect(try network.runUntilFinal([one]))
        let location = try #require(try network.nodes[0].view?.location(of: one.digest))
        #expect(location.height <= Height(3))
        #expect(try network.runUntilFinal(many))
        for block in network.nodes[0].finalized.values { #expect(block.block.transactions.count <= 10) }
    }

    /// A transaction that cannot run before its time is over leaves the pool, and its client is told.
    @Test func expiredOnesAreDropped() throws {
        let network = try TestNetwork(seed: 40)
        try network.startAll()
        try network.run(100)
        // No quorum: nothing gets in.
        network.crash(2)
        network.crash(3)
        let late = try network.transaction([TestApplication.put([1], [1])], expiresIn: 2_000)
        try network.submit([late], to: 0)
        try network.run(10_000)
        #expect(network.nodes[0].dropped.map(\.digest) == [late.digest])
        #expect(network.nodes[0].dropped.first?.reason.code == "expired")
        #expect(network.nodes[0].status?.poolTransactions == 0)
    }

    /// The same body signed twice, with different signatures, runs once.
    @Test func signingAgainIsNoNewTransaction() throws {
        let network = try TestNetwork(seed: 41)
        try network.startAll()
        network.drops = { if case .transactions = $0 { true } else { false } }
        let first = try network.put("twice")
        // The same body, signed with another scheme's bytes, is no valid signature; with another valid one it would
        // have another digest. What the pool compares is the signed digest.
        try network.submit([first], to: 0)
        try network.submit([first], to: 1)
        try network.submit([first], to: 2)
        #expect(try network.runUntilFinal([first]))
        try network.run(3_000)
        for node in network.nodes {
            let count = node.finalized.values.reduce(0) { $0 + $1.block.transactions.count }
            #expect(count == 1)
            #expect(node.status?.poolTransactions == 0)
        }
    }

    /// Nothing to do: a block each heartbeat only.
    @Test func anIdleNetworkDoesNotSpin() throws {
        let network = try TestNetwork(seed: 42)
        try network.startAll()
        try network.submit([try network.put("something")], to: 0)
        try network.run(2_000)
        let before = network.nodes[0].tip
        try network.run(20_000)
        let made = network.nodes[0].tip.distance(above: before)
        #expect((10...24).contains(made), "\(made) blocks in 20 heartbeats")
    }
}
