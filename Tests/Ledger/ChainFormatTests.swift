import Chain
import LedgerCrypto
import LightClient
import Primitives
import TestSupport
import Testing

/// One value of each format, always the same.
enum Sample {
    static let secret = TestChain.members[0].secret

    static func body(network: Digest = SHA256.hash([9])) -> TransactionBody {
        TransactionBody(
            network: network, sender: secret.publicKey, actor: "did:commonwatt:test-net:abc",
            expiry: Timestamp(1_767_225_900_000), salt: 7,
            calls: [
                Call(instance: Address(wellKnown: "trading"), method: 3, arguments: [1, 2, 3]),
                Call(instance: Address(createdBy: SHA256.hash([4]), index: 1), method: 0, arguments: []),
            ])
    }

    static func transaction() throws -> Transaction { try Transaction(signing: body(), with: secret) }

    static func receipt() -> Receipt {
        Receipt(
            subject: SHA256.hash([1]), rejection: nil,
            events: [Event(instance: Address(wellKnown: "anchors"), kind: 2, payload: [5, 6])],
            outputs: [[1], []], workUsed: 77)
    }

    static func rejected() -> Receipt {
        Receipt(subject: SHA256.hash([2]), rejection: Rejection(104, "Überschuss fehlt."), workUsed: 5)
    }

    static func vote(_ kind: VoteKind, _ digest: Digest, signer: UInt16 = 0) -> Vote {
        let payload = VotePayload(
            network: SHA256.hash([9]), epoch: Epoch(2), kind: kind, view: View(11), digest: digest)
        return Vote(signing: payload, signer: signer, key: secret)
    }

    static func evidence() -> Evidence? {
        Evidence(vote(.notarize, SHA256.hash([1])), vote(.notarize, SHA256.hash([2])))
    }

    static func block() throws -> Block {
        let chain = try TestChain()
        let transactions = [try transaction()]
        let root = Block.transactionsRoot(transactions.map(\.digest))
        let h = chain.headers[5]
        let header = BlockHeader(
            network: h.network, height: h.height, view: h.view, epoch: h.epoch, parent: h.parent,
            parentView: h.parentView, time: h.time, proposer: h.proposer, transactionsRoot: root,
            stateRoot: h.stateRoot, receiptsRoot: Receipt.root([receipt(), rejected()]), validatorSet: h.validatorSet,
            nextValidatorSet: h.nextValidatorSet)
        return try #require(Block(header: header, transactions: transactions))
    }
}

@Suite struct ChainFormatTests {
    @Test func goldenBytes() throws {
        let chain = try TestChain()
        let evidence = try #require(Sample.evidence())
        let formats: [(String, [UInt8])] = [
            ("transaction", try Sample.transaction().bytes), ("header", chain.headers[5].bcs),
            ("block", try Sample.block().bcs), ("vote", Sample.vote(.finalize, SHA256.hash([1])).bcs),
            ("certificate", try chain.certificate(chain.headers[5]).bcs), ("evidence", evidence.bcs),
            ("genesis", chain.genesis.bcs), ("receipt", Sample.receipt().bcs),
            ("receipt-rejected", Sample.rejected().bcs), ("validator-set", chain.genesis.validators.bcs),
            ("trust-anchor", TrustAnchor(chain.genesis).bcs),
        ]
        for (name, bytes) in formats { #expect(try Golden.matches("chain/\(name)", bytes), "\(name) changed") }
        // What is signed or hashed beside the bytes themselves.
        let transaction = try Sample.transaction()
        let payload = Sample.vote(.finalize, SHA256.hash([1])).payload(network: SHA256.hash([9]))
        let digests = [
            transaction.digest, transaction.signedDigest, chain.headers[5].digest, payload.signingDigest,
            chain.genesis.network, chain.genesis.validators.digest,
            Receipt.root([Sample.receipt(), Sample.rejected()]),
            Block.transactionsRoot([transaction.digest]), Block.transactionsRoot([]),
        ]
        #expect(try Golden.matches("chain/digests", digests.flatMap(\.bytes)), "a digest changed")
        // The signed digest, spelled out as the design has it.
        let signed = Array(transaction.bytes.dropLast(64))
        #expect(
            transaction.signedDigest
                == SHA256.hash(Array("commonwatt/tx/1".utf8) + SHA256.hash([9]).bytes + signed))
    }

    @Test func everyFormatIsCanonical() throws {
        let chain = try TestChain()
        expectCanonical(chain.headers[5], seed: 1)
        expectCanonical(try Sample.block(), seed: 2)
        expectCanonical(Sample.vote(.finalize, SHA256.hash([1])), seed: 3)
        expectCanonical(try chain.certificate(chain.headers[5]), seed: 4)
        expectCanonical(try #require(Sample.evidence()), seed: 5)
        expectCanonical(chain.genesis, seed: 6)
        expectCanonical(Sample.receipt(), seed: 7)
        expectCanonical(Sample.rejected(), seed: 8)
        expectCanonical(chain.genesis.validators, seed: 9)
        expectCanonical(TrustAnchor(chain.genesis), seed: 10)
        expectCanonical(Sample.body(), seed: 11)
        var random = SeededGenerator(seed: 12)
        let bytes = try Sample.transaction().bytes
        for _ in 0..<Fuzz.count(400) {
            let damaged = random.damage(bytes)
            guard let decoded = try? Transaction(bytes: damaged) else { continue }
            #expect(decoded.body.bcs + decoded.signature.bytes == damaged)
            if damaged != bytes { #expect(!decoded.verifySignature()) }
        }
    }

    @Test func transactionsAreCheckedAndBounded() throws {
        let transaction = try Sample.transaction()
        #expect(transaction.verifySignature())
        let other = try Transaction(bytes: transaction.bytes.dropLast() + [transaction.bytes[0] ^ 1])
        #expect(other.signedDigest == transaction.signedDigest && other.digest != transaction.digest)
        #expect(!other.verifySignature())
        #expect(throws: BCSError.self) {
            try Transaction(bytes: [UInt8](repeating: 0, count: Transaction.byteCountMax + 1))
        }
        let without = TransactionBody(
            network: .zero, sender: Sample.secret.publicKey, expiry: Timestamp(1), salt: 1, calls: [])
        #expect(throws: BCSError.self) { try Transaction(signing: without, with: Sample.secret) }
    }

    @Test func blocksHoldTheTransactionsOfTheirHeader() throws {
        let block = try Sample.block()
        #expect(Block(header: block.header, transactions: []) == nil)
        #expect(Block(header: block.header, transactions: block.transactions + block.transactions) == nil)
    }

    @Test func certificatesNeedAQuorumOfDistinctSigners() throws {
        let chain = try TestChain()
        let header = chain.headers[2]
        let set = chain.genesis.validators
        let network = chain.genesis.network
        #expect(set.quorum == 3 && set.faultsMax == 1)
        #expect(try chain.certificate(header).verify(network: network, set: set))
        #expect(try chain.certificate(header, signers: [0, 1, 2, 3]).verify(network: network, set: set))
        for signers in [[], [0], [0, 1], [0, 1, 1], [1, 1, 1], [2, 1, 0], [0, 1, 4], [0, 1, 2, 3, 4]] {
            #expect(try !chain.certificate(header, signers: signers).verify(network: network, set: set), "\(signers)")
        }
        #expect(try !chain.certificate(header).verify(network: .zero, set: set))
        #expect(try !chain.certificate(header).verify(network: network, set: TestChain.set(chain.epochs[2])))
        let nullify = try chain.certificate(header, kind: .nullify)
        #expect(!nullify.verify(network: network, set: set), "a nullification has no digest")
        #expect(try chain.certificate(header, kind: .nullify, digest: .zero).verify(network: network, set: set))
        let good = try chain.certificate(header)
        let relabelled = Certificate(
            epoch: good.epoch, kind: .notarize, view: good.view, digest: good.digest, entries: good.entries)
        #expect(!relabelled.verify(network: network, set: set))
    }

    @Test(arguments: [(1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 1, 3), (5, 1, 4), (6, 1, 5), (7, 2, 5), (8, 2, 6)])
    func quorums(count: Int, faults: Int, quorum: Int) throws {
        let set = try TestChain.set(Array(TestChain.members[0..<count]))
        #expect(set.faultsMax == faults && set.quorum == quorum)
        #expect((0..<20).map { set.leader(of: View($0)) } == (0..<20).map { Int($0) % count })
        #expect(set.verifyingKey(count) == nil && set.verifyingKey(-1) == nil)
    }

    @Test func evidenceIsTwoVotesThatAnHonestValidatorNeverSends() {
        let (one, two) = (SHA256.hash([1]), SHA256.hash([2]))
        let contradictions: [(Vote, Vote, Bool)] = [
            (Sample.vote(.notarize, one), Sample.vote(.notarize, two), true),
            (Sample.vote(.finalize, one), Sample.vote(.finalize, two), true),
            (Sample.vote(.finalize, one), Sample.vote(.nullify, .zero), true),
            (Sample.vote(.nullify, .zero), Sample.vote(.finalize, one), true),
            (Sample.vote(.notarize, one), Sample.vote(.notarize, one), false),
            (Sample.vote(.notarize, one), Sample.vote(.nullify, .zero), false),
            (Sample.vote(.notarize, one), Sample.vote(.finalize, two), false),
            (Sample.vote(.notarize, one), Sample.vote(.notarize, two, signer: 1), false),
        ]
        for (first, second, expected) in contradictions { #expect((Evidence(first, second) != nil) == expected) }
    }

    @Test func validatorSetsKeepTheirInvariants() throws {
        let all = TestChain.members.map(\.validator)
        func refuses(_ validators: [Validator]) -> Bool { (try? ValidatorSet(validators)) == nil }
        #expect(refuses([]))
        #expect(refuses([all[1], all[0]]))
        #expect(refuses([all[0], all[0]]))
        func copy(_ partner: String, _ key: Validator, _ transport: Validator) -> Validator {
            Validator(partner: partner, consensusKey: key.consensusKey, transportKey: transport.transportKey)
        }
        #expect(refuses([all[0], copy("z", all[0], all[1])]))
        #expect(refuses([all[0], copy("z", all[1], all[0])]))
        #expect(!refuses([all[0], copy("z", all[1], all[1])]))
        let noPoint = try #require(PublicKey(scheme: .secp256k1, bytes: [2] + [UInt8](repeating: 0xff, count: 32)))
        #expect(refuses([Validator(partner: "a", consensusKey: noPoint, transportKey: .zero)]))
    }

    /// RFC 6962's tree over 0 to 33 leaves, against its recursive definition; every path, and paths that are not.
    @Test func merkleTree() {
        #expect(
            MerkleTree.root([]).description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        func root(_ leaves: ArraySlice<Digest>) -> Digest {
            guard leaves.count > 1 else { return leaves.first ?? SHA256.hash([]) }
            var split = 1
            while split * 2 < leaves.count { split *= 2 }
            let middle = leaves.startIndex + split
            return SHA256.hash([1] + root(leaves[..<middle]).bytes + root(leaves[middle...]).bytes)
        }
        for count in 0...33 {
            let leaves = (0..<count).map { MerkleTree.leaf([UInt8($0)]) }
            let expected = root(leaves[...])
            #expect(MerkleTree.root(leaves) == expected)
            let levels = MerkleLevels(leaves)
            #expect(levels.root == expected)
            for index in -1...count { #expect(levels.path(index) == MerkleTree.path(leaves, index: index)) }
            #expect(MerkleTree.path(leaves, index: count) == nil && MerkleTree.path(leaves, index: -1) == nil)
            for index in 0..<count {
                guard let path = MerkleTree.path(leaves, index: index) else { continue }
                func isRight(_ index: Int, _ count: Int, _ path: [Digest], _ leaf: Digest) -> Bool {
                    MerkleTree.verify(leaf: leaf, index: index, count: count, path: path, root: expected)
                }
                #expect(isRight(index, count, path, leaves[index]))
                #expect(!isRight(index, count, path + [.zero], leaves[index]))
                #expect(path.isEmpty || !isRight(index, count, path.dropLast(), leaves[index]))
                #expect(!isRight(index, count, path, .zero))
                #expect(count == 1 || !isRight(index ^ 1, count, path, leaves[index]))
                #expect(!isRight(-1, count, path, leaves[index]) && !isRight(count, count, path, leaves[index]))
            }
        }
    }

    /// A claimed count may be anything: it comes with the proof.
    @Test(arguments: [Int.max, Int.max - 1, 1 << 62]) func merkleCountsNeverTrap(count: Int) {
        let path = [Digest](repeating: .zero, count: 63)
        for index in [0, 1, count - 1] {
            #expect(!MerkleTree.verify(leaf: .zero, index: index, count: count, path: path, root: .zero))
        }
    }

    /// The known answers of RFC 6962 implementations (certificate-transparency's test data).
    @Test func merkleTreeGolden() throws {
        let inputs = [
            "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
        ]
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]
        let leaves = try inputs.map { MerkleTree.leaf(try #require(Hex.decode($0))) }
        for (index, root) in roots.enumerated() {
            #expect(MerkleTree.root(Array(leaves[...index])).description == root)
        }
    }

    @Test func textFormsRoundTrip() throws {
        for address in [Address(wellKnown: "trading"), Address(createdBy: .zero, index: 3)] {
            #expect(Address(text: address.description) == address)
        }
        for text in [
            "", "UPPER", "with space", "12", String(repeating: "a", count: 20), String(repeating: "z", count: 40),
        ] {
            #expect(Address(text: text) == nil, "\(text)")
        }
        #expect(PublicKey(Sample.secret.publicKey.description) == Sample.secret.publicKey)
        for text in ["", "secp256k1", "secp256k1:", "secp256k1:00", "rsa:00", ":"] { #expect(PublicKey(text) == nil) }
        let long = Rejection(1, String(repeating: "é", count: 400))
        #expect(long.text.utf8.count == 512)
        #expect(try Rejection(bcs: long.bcs) == long)
    }
}
