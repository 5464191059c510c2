import Chain
import Consensus
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Wire and disk formats. A vector that changes is another format: then the version changes too.
@Suite struct Formats {
    private static func samples() throws -> (messages: [ConsensusMessage], records: [ConsensusRecord]) {
        let fixture = try Fixture(4)
        let block = fixture.block(view: 3, on: fixture.genesis, parentView: 1, salt: "golden")
        let parent = fixture.certificate(.notarize, 1, fixture.genesis.digest, by: [0, 1, 3])
        let nullification = fixture.certificate(.nullify, 2, .zero, by: [1, 2, 3])
        let proposal = fixture.proposal(block, parent: parent, nullifications: [nullification])
        let vote = fixture.vote(.finalize, 1, fixture.genesis.digest, by: 2)
        let status = ConsensusStatus(
            epoch: Epoch(0), view: View(3), entry: nullification, finalization: nil, isRecovering: true, answers: 77)
        return (
            [
                .vote(vote), .certificate(nullification), .proposal(proposal), .status(status),
                .statusRequest(epoch: Epoch(1), incarnation: 5),
                .certificatesRequest(epoch: Epoch(1), first: View(2), last: View(9)),
                .certificates([parent, nullification]),
                .proposalRequest(epoch: Epoch(0), view: View(3), digest: block.header.digest),
            ],
            [
                .marker(epoch: Epoch(2), abstainThrough: View(7)), .vote(vote), .certificate(parent),
                .proposal(proposal), .reservation(epoch: Epoch(2), view: View(8)),
            ]
        )
    }

    @Test func shortFormsAreAsWritten() {
        #expect(
            Hex.encode(ConsensusMessage.statusRequest(epoch: Epoch(1), incarnation: 5).bcs)
                == "0401000000000000000500000000000000")
        #expect(
            Hex.encode(ConsensusMessage.certificatesRequest(epoch: Epoch(1), first: View(2), last: View(9)).bcs)
                == "05010000000000000002000000000000000900000000000000")
        #expect(
            Hex.encode(ConsensusRecord.marker(epoch: Epoch(2), abstainThrough: View(7)).bcs)
                == "0002000000000000000700000000000000")
        #expect(
            Hex.encode(ConsensusRecord.reservation(epoch: Epoch(2), view: View(8)).bcs)
                == "0402000000000000000800000000000000")
    }

    @Test func digestsOfAllForms() throws {
        let samples = try Formats.samples()
        #expect(
            samples.messages.map { SHA256.hash($0.bcs).short } == [
                "8fc7cef7", "18ca483b", "fc06a06c", "4fc46b0b", "9c06c805", "87195d3b", "883bcf5c", "e13730ad",
            ])
        #expect(
            samples.records.map { SHA256.hash($0.bcs).short } == [
                "38b7a504", "f15ce531", "e157f010", "948fa893", "c59b1202",
            ])
    }

    @Test func everyFormComesBack() throws {
        let samples = try Formats.samples()
        for message in samples.messages { #expect(try ConsensusMessage(bcs: message.bcs) == message) }
        for record in samples.records { #expect(try ConsensusRecord(bcs: record.bcs) == record) }
    }

    @Test func damagedBytesAreRefusedOrComeBackAsThemselves() throws {
        let count = ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap { Int($0) } ?? 3_000
        let samples = try Formats.samples()
        let seeds = samples.messages.map(\.bcs) + samples.records.map(\.bcs)
        var random = SeededGenerator(seed: 11)
        for _ in 0..<count {
            let bytes = Formats.damage(seeds[Int(random.next() % UInt64(seeds.count))], &random)
            if let message = try? ConsensusMessage(bcs: bytes) { #expect(message.bcs == bytes) }
            if let record = try? ConsensusRecord(bcs: bytes) { #expect(record.bcs == bytes) }
        }
    }

    /// What survives decoding meets the machine: it must neither trap nor move without a quorum.
    @Test func damagedMessagesDoNotMoveTheMachine() throws {
        let count = ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap { Int($0) } ?? 2_000
        let fixture = try Fixture(4)
        var machine = ConsensusMachine(fixture.configuration(fixture.keys[0]), start: .fresh)
        let now = Instant(monotonic: 0, wall: Timestamp(2_000_000))
        _ = machine.step(.start, at: now)
        // A single voter's word, in every place of the formats.
        let digest = SHA256.hash([1])
        let block = fixture.block(view: 1, on: fixture.genesis, parentView: 0, salt: "x")
        let alone = fixture.certificate(.nullify, 1, .zero, by: [1])
        let seeds: [ConsensusMessage] = [
            .vote(fixture.vote(.nullify, 1, .zero, by: 1)), .certificate(alone),
            .proposal(fixture.proposal(block, parent: alone, nullifications: [alone])),
            .status(
                ConsensusStatus(
                    epoch: Epoch(0), view: View(9), entry: alone, finalization: alone, isRecovering: false, answers: 1)),
            .certificates([alone, alone]), .proposalRequest(epoch: Epoch(0), view: View(1), digest: digest),
            .certificatesRequest(epoch: Epoch(0), first: View(0), last: View(.max)),
            .statusRequest(epoch: Epoch(0), incarnation: 1),
        ]
        var random = SeededGenerator(seed: 12)
        for round in 0..<count {
            let seed = seeds[Int(random.next() % UInt64(seeds.count))].bcs
            let bytes = round % 4 == 0 ? seed : Formats.damage(seed, &random)
            guard let message = try? ConsensusMessage(bcs: bytes) else { continue }
            _ = machine.step(.message(message, from: fixture.peer(1)), at: now)
        }
        #expect(machine.view == View(1))
        #expect(machine.final == View(0))
    }

    private static func damage(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        switch random.next() % 5 {
        case 0: bytes.removeLast(Int(random.next() % UInt64(bytes.count)) + 1)
        case 1: bytes += (0..<random.next() % 40).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        case 2: bytes = (0..<random.next() % 300).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        default:
            for _ in 0...random.next() % 4 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
        }
        return bytes
    }
}
