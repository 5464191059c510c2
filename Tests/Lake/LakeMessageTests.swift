import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Results
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Lake messages")
struct LakeMessageTests {
    static let digest = SHA256.hash([7])
    static let community = Address(wellKnown: "test")
    static let messages: [LakeMessage] = [
        .batch(digest), .store(Homes.batch(1, hours: 1).bcs),
        .list(community: community, from: Timestamp(1), to: Timestamp(2)),
        .salts(community: community, period: PeriodNumber(3), version: 4),
        .attest(
            AttestationRequest(
                community: community,
                inputs: SettlementInputs(
                    rules: digest, members: digest, batches: SettlementBatches([digest]), salts: digest,
                    previous: .zero, contractVersion: 2), batches: SettlementBatches([digest]),
                claim: SettlementClaim(
                    period: PeriodNumber(3), version: 1, stage: .final, totals: .sealed(digest), root: digest,
                    members: 5, missing: 1, estimated: 2))), .batchBytes([1, 2, 3]), .stored(digest),
        .listed([ListedBatch(digest: digest, meter: MeterNumber(5), from: Timestamp(6), to: Timestamp(7))]),
        .saltList(SaltList(community: digest, members: [SaltList.Entry(member: MemberNumber(1), salt: digest)])),
        .attested(
            Attestation(
                signing: digest, network: digest, instance: community, partner: "aurora",
                key: TestNetwork.key("aurora"))), .refused(LakeRefusal(.otherResult, "the totals differ")),
        .saltPart(community: community, period: PeriodNumber(3), version: 4, first: 5),
        .batchPart(community: community, period: PeriodNumber(3), version: 4, first: 5),
        .batchList(SettlementBatches([digest])),
        .attestResult(
            ResultRequest(
                claim: ResultClaim(
                    owner: "aurora", analysis: "day-ahead", program: digest, inputs: digest, inputCount: 1,
                    parameters: digest, output: digest), parameters: [1, 2], inputs: [digest], salt: digest,
                output: [3])),
        .inputs(community: community, period: PeriodNumber(3), version: 4),
        .settledInputs(
            SettlementInputs(
                rules: digest, members: digest, batches: SettlementBatches([digest]), salts: digest, previous: .zero,
                contractVersion: 2)),
    ]
    /// Messages of the first release; the others came later.
    static let firstCount = 11
    /// Those, and the ones of the next.
    static let secondCount = 14
    /// Those, and the one after.
    static let thirdCount = 15

    /// SHA-256 over the frames of all messages, in order, and the whole bytes of two of them.
    @Test func golden() {
        let frames = Self.messages.enumerated().map { LakeFrame(number: UInt64($0.offset), message: $0.element).bcs }
        #expect(
            SHA256.hash(frames[Self.firstCount..<Self.secondCount].flatMap { $0 }).description
                == "7e862da5b840994040936d629c48d09ba231262021a7777740b35b1f1fa1fcfc")
        #expect(
            SHA256.hash(frames.prefix(Self.firstCount).flatMap { $0 }).description
                == "4ac1305111d3b15408d0cfc7015c97bf63f926649caf4db1339685ce09f12e72")
        #expect(
            SHA256.hash(frames[Self.secondCount..<Self.thirdCount].flatMap { $0 }).description
                == "19d1737e06b0bb637d88be7a355f2840287152044b6e4cc0fcd2df27943be9aa")
        #expect(
            SHA256.hash(frames.dropFirst(Self.thirdCount).flatMap { $0 }).description
                == "3d89c4b342bc5be54ce0d6f2eb7bf291b592b27d8821b0dfd2e9b284283d684e")
        #expect(Hex.encode(frames[0]) == "01000000000000000000" + digest.description)
        #expect(
            Hex.encode(frames[10]) == "010a000000000000000a0811" + Hex.encode(Array("the totals differ".utf8)))
    }

    private var digest: Digest { Self.digest }

    @Test func uploads() {
        let upload = BatchUpload(
            signing: Homes.batch(1, hours: 1), network: digest, provider: "corona", key: TestNetwork.key("upload"))
        #expect(
            SHA256.hash(upload.bcs).description == "8b6d2a5309e7f6a8a87b31cfa0c0b3f3138914a2ae7a759d55abc0a02630ed94")
        #expect((try? BatchUpload(bcs: upload.bcs)) == upload)
        var generator = SeededGenerator(seed: 6)
        for _ in 0..<2_000 {
            var mutated = upload.bcs
            mutated[Int.random(in: 0..<mutated.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            if let again = try? BatchUpload(bcs: mutated) { #expect(again.bcs == mutated) }
        }
    }

    @Test(arguments: messages) func roundTrips(message: LakeMessage) throws {
        let frame = LakeFrame(number: 9, message: message)
        #expect(try LakeFrame(bcs: frame.bcs) == frame)
    }

    @Test(arguments: messages) func fuzz(message: LakeMessage) {
        let count = ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 2_000
        let bytes = LakeFrame(number: 9, message: message).bcs
        var generator = SeededGenerator(seed: 5)
        for length in 0..<bytes.count { #expect((try? LakeFrame(bcs: Array(bytes.prefix(length)))) == nil) }
        for _ in 0..<count {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutated[Int.random(in: 0..<mutated.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            if let frame = try? LakeFrame(bcs: mutated) { #expect(frame.bcs == mutated) }
        }
        #expect((try? LakeFrame(bcs: [UInt8](repeating: 0, count: LakeFrame.byteCountMax + 1))) == nil)
    }
}
