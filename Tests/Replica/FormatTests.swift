import Chain
import Consensus
import LedgerCrypto
import LedgerState
import LightClient
import Primitives
import TestSupport
import Testing

@testable import Replica

/// The replica's formats on the wire and on the disk: golden vectors, and rubbish that must be refused without a trap.
@Suite struct FormatTests {
    private static func transaction(_ salt: UInt64) throws -> Transaction {
        let key = Identity(0).key
        let body = TransactionBody(
            network: SHA256.hash([1]), sender: key.publicKey, expiry: Timestamp(1_000), salt: salt,
            calls: [TestApplication.put([1], [2])])
        return try Transaction(signing: body, with: key)
    }

    private static func header(_ transactions: [Transaction]) -> BlockHeader {
        BlockHeader(
            network: SHA256.hash([1]), height: Height(7), view: View(9), epoch: Epoch(1), parent: SHA256.hash([2]),
            parentView: View(8), time: Timestamp(900), proposer: 2,
            transactionsRoot: Block.transactionsRoot(transactions.map(\.digest)), stateRoot: SHA256.hash([3]),
            receiptsRoot: SHA256.hash([4]), validatorSet: SHA256.hash([5]), nextValidatorSet: SHA256.hash([5]))
    }

    private static func certificate() -> Certificate {
        let payload = VotePayload(
            network: SHA256.hash([1]), epoch: Epoch(1), kind: .finalize, view: View(9), digest: SHA256.hash([6]))
        let entries = (0..<3).map { index in
            let vote = Vote(signing: payload, signer: UInt16(index), key: Identity(index).key)
            return Certificate.Entry(signer: vote.signer, signature: vote.signature)
        }
        return Certificate(
            epoch: Epoch(1), kind: .finalize, view: View(9), digest: SHA256.hash([6]), entries: entries)
    }

    static func messages() throws -> [(name: String, message: PeerMessage)] {
        let transactions = try [transaction(1), transaction(2)]
        let header = header(transactions)
        let block = try #require(Block(header: header, transactions: transactions))
        let vote = Vote(
            signing: VotePayload(
                network: SHA256.hash([1]), epoch: Epoch(1), kind: .notarize, view: View(9), digest: header.digest),
            signer: 2, key: Identity(2).key)
        let proposal = Proposal(
            header: header, transactions: transactions.map(\.digest), vote: vote, parent: certificate(),
            nullifications: [])
        let bundle = ProofBundle(
            entries: [], header: header, descendants: [], finalization: certificate(),
            epochEnds: [
                ProofBundle.EpochEnd(
                    header: header, finalization: certificate(),
                    nextValidators: try ValidatorSet((0..<4).map { Identity($0).validator }))
            ])
        let chunk = StateChunk(
            leaves: [StateLeaf(key: [1, 2], value: [3]), StateLeaf(key: [4], value: [5, 6])],
            siblings: [.zero, SHA256.hash([7])])
        let range = BlockRange(blocks: [block.bcs], headers: [header], finalization: certificate())
        return [
            (
                "hello",
                .hello(Hello(network: SHA256.hash([1]), height: Height(5), tip: SHA256.hash([2]), epoch: Epoch(1)))
            ),
            ("vote", .consensus(.vote(vote), transactions: [])),
            ("proposal", .consensus(.proposal(proposal), transactions: transactions)),
            ("transactions", .transactions(transactions)),
            ("request transactions", .request(.transactions(transactions.map(\.digest)), id: 1)),
            ("request block", .request(.block(header.digest), id: 2)),
            ("request range", .request(.range(from: Height(3)), id: 3)),
            ("unavailable", .response(.unavailable, id: 4)),
            ("busy", .response(.busy, id: 5)),
            ("response transactions", .response(.transactions(transactions), id: 6)),
            ("response block", .response(.block(block.bcs), id: 7)),
            ("response range", .response(.range(range), id: 8)),
            ("request snapshot", .request(.snapshot(above: Height(3), epoch: Epoch(1)), id: 9)),
            ("request ancestors", .request(.ancestors(of: header.digest), id: 10)),
            ("request leaves", .request(.leaves(version: Height(7), after: nil), id: 11)),
            ("request more leaves", .request(.leaves(version: Height(7), after: SHA256.hash([8])), id: 12)),
            ("response snapshot", .response(.snapshot(bundle), id: 13)),
            ("response ancestors", .response(.ancestors([block.bcs, block.bcs]), id: 14)),
            ("response leaves", .response(.leaves(chunk), id: 15)),
        ]
    }

    /// Bytes of the short messages, SHA-256 of the long ones. Changing a line is changing the network's protocol.
    @Test func goldenMessages() throws {
        for (name, message) in try FormatTests.messages() {
            let bytes = message.bcs
            let shown = bytes.count <= 64 ? Hex.encode(bytes) : SHA256.hash(bytes).description
            #expect(FormatTests.golden[name] == shown, "\(name)")
            #expect(try PeerMessage.decode(bytes) == message)
        }
        #expect(FormatTests.golden.count == 26)
    }

    /// Stored values and journal records.
    @Test func goldenRecords() throws {
        let transactions = try [FormatTests.transaction(1)]
        let block = try #require(Block(header: FormatTests.header(transactions), transactions: transactions))
        let receipt = Receipt(subject: transactions[0].digest, rejection: nil, workUsed: 5)
        for (name, bytes) in [
            ("location", TransactionLocation(height: Height(3), index: 4).bcs),
            ("tip", StoredTip(network: .zero, height: Height(3)).bcs),
            ("signed", SignedEntries(block).bcs),
            ("receipts", StoredReceipts(receipts: [receipt]).bcs),
            ("snapshot marker", SnapshotMarker(version: Height(7), stage: .clearing).bcs),
            ("journal body", JournalEntry.body(block.bcs).bytes),
            ("journal marker", Replica.freshMarker()),
        ] {
            let shown = bytes.count <= 64 ? Hex.encode(bytes) : SHA256.hash(bytes).description
            #expect(FormatTests.golden[name] == shown, "\(name)")
        }
    }

    @Test func goldenKeys() {
        let digest = SHA256.hash([9])
        #expect(Hex.encode(ChainStore.block(Height(258))) == "10000000000000010200")
        #expect(ChainStore.height(of: digest) == [0x11] + digest.bytes)
        #expect(Hex.encode(ChainStore.receipts(Height(1))) == "10000000000000000101")
        #expect(Hex.encode(ChainStore.finalization(Height(1))) == "10000000000000000102")
        #expect(ChainStore.location(of: digest) == [0x14] + digest.bytes)
        #expect(Hex.encode(ChainStore.epoch(Epoch(2))) == "150000000000000002")
        #expect(Hex.encode(ChainStore.signed(Height(1))) == "10000000000000000103")
        #expect(ChainStore.base == [0x17])
        #expect(Hex.encode(ChainStore.header(Height(258))) == "180000000000000102")
        #expect(ChainStore.marker == [0x19])
        #expect(ChainStore.tip == [0x1f])
    }

    @Test func rubbishIsRefused() throws {
        var random = SeededGenerator(seed: 7)
        let samples = try FormatTests.messages().map(\.message.bcs)
        for _ in 0..<Fuzz.count(20_000) {
            guard let sample = samples.randomElement(using: &random) else { continue }
            let bytes = random.damage(sample)
            if let message = try? PeerMessage.decode(bytes) { #expect(message.bcs == bytes) }
            _ = try? JournalEntry(bytes: bytes)
            _ = try? StoredTip(bcs: bytes)
            _ = try? SignedEntries(bcs: bytes)
            _ = try? StoredReceipts(bcs: bytes)
            _ = try? EpochRecord(bcs: bytes)
            _ = try? SnapshotMarker(bcs: bytes)
        }
        #expect(throws: BCSError.self) { try PeerMessage.decode([UInt8](repeating: 0, count: (16 << 20) + 1)) }
    }

    /// Their signatures are checked before that of the leader: nobody sends others along.
    @Test func aProposalCarriesItsOwnTransactionsOnly() throws {
        let samples = try FormatTests.messages()
        let sample = try #require(samples.first { $0.name == "proposal" }?.message)
        guard case .consensus(let proposal, let own) = sample else { return #expect(Bool(false)) }
        func isTaken(_ message: ConsensusMessage, _ transactions: [Transaction]) -> Bool {
            (try? PeerMessage.decode(PeerMessage.consensus(message, transactions: transactions).bcs)) != nil
        }
        #expect(isTaken(proposal, own) && isTaken(proposal, []))
        let other = try FormatTests.transaction(3)
        for wrong in [own.reversed(), [own[0]], own + [other], [own[0], other]] { #expect(!isTaken(proposal, wrong)) }
        guard case .consensus(let vote, _)? = samples.first(where: { $0.name == "vote" })?.message else {
            return #expect(Bool(false))
        }
        #expect(isTaken(vote, []) && !isTaken(vote, [other]))
    }

    static let golden: [String: String] = [
        "hello": "2c07ee33d70828ca23e22dfcb3347ec4695d58f0b577dadc613ad6d926787f66",
        "vote": "d290d046170b6e9f727c6859beaf04fdbd4061345251c881373b3a6e2b0f6eb7",
        "proposal": "92dd6af77e4e8820fac385a305859e62df924ad7d0c5648927fa9b3b497ccde3",
        "transactions": "0d79bc1d3db98308564ffcdde7bb700d202251365b4a52d8eb346dd52b893c12",
        "request transactions": "103d514b5219afa67dfa97959ac8eb0a3d2bc29d88cda906ab976948f27c23e4",
        "request block": "0103020000000000000001b4ee57b1a61d4b29183e103c99de95d0b3633e4696fa8426e8c07cf99b629da3",
        "request range": "01030300000000000000020300000000000000",
        "unavailable": "0104040000000000000000",
        "busy": "0104050000000000000004",
        "response transactions": "56b88e7eb8892a8948094b4cf80d3319ad36700930289b12c4ad5ee25fec217c",
        "response block": "bb9320ce98a65b77a002b2c1075d887dbdbd5367f7914109d35c1542b5680b08",
        "response range": "40fb86fab097d3e7df1cd30dac3e55d306c88434f14119616dabb114675fbef5",
        "request snapshot": "010309000000000000000303000000000000000100000000000000",
        "request ancestors": "01030a0000000000000004b4ee57b1a61d4b29183e103c99de95d0b3633e4696fa8426e8c07cf99b629da3",
        "request more leaves":
            "01030c0000000000000005070000000000000001beead77994cf573341ec17b58bbf7eb34d2711c993c1d976b128b3188dc1829a",
        "response snapshot": "35999bc778e1c859ed73ac8f93d2019977c1825530eaaf78018cbd45a74fd711",
        "response ancestors": "7a04f41c3d871a4cbd113c4ff756f2c97febb906f252b73e8b7dba0e8556f09d",
        "response leaves": "38ec531d2f1133ce91e85b7edfe887b1304b8a4eb55dbcd32162fa8f1c92a932",
        "request leaves": "01030b0000000000000005070000000000000000",
        "snapshot marker": "070000000000000001",
        "location": "030000000000000004000000",
        "tip": "020000000000000000000000000000000000000000000000000000000000000000000300000000000000",
        "signed": "8403000000000000015422f26de852605c00491dc75f20be284c06079adf88f85c54b69c38e2a881e4e803000000000000",
        "receipts": "01f9a9e25af116273fd11dc017a76dded40c8b1495d451fa13597e3ca7a5a6e7470000000500000000000000",
        "journal body": "ddfd5413c53c43561348bf11aac9d06115b1097b31e8321ebde765f2a995320f",
        "journal marker": "01000000000000000000000000000000000000",
    ]
}
