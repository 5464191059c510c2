import Primitives
import Testing

@testable import Storage

/// Bytes that another implementation must read; a change here is a change of format.
@Suite struct JournalFormatTests {
    @Test func segmentHeader() {
        let header = SegmentHeader(index: 1, nonce: 2, previousSequence: 3, firstGroup: 4, binding: owner.binding)
        #expect(
            Hex.encode(header.bytes)
                == "43574a524e4c3031010000000000000002000000000000000300000000000000040000000000000042dbeeb4eb5d41bbdc93732c6a87ab3241ee03f44a0780a52ddf831f5fd88b53b222ee3b8f77a7cb"
        )
        #expect(SegmentHeader(header.bytes) == header)
        for index in header.bytes.indices {
            var damaged = header.bytes
            damaged[index] ^= 1
            #expect(SegmentHeader(damaged) == nil)
        }
    }

    @Test func record() {
        var bytes: [UInt8] = []
        let header = RecordHeader(nonce: 2, sequence: 5, length: 3, remaining: 1, group: 4)
        RecordHeader.append(header, [1, 2, 3], to: &bytes)
        #expect(
            Hex.encode(bytes)
                == "0200000000000000050000000000000003000000010000000400000000000000534c3aeb2d2795e00102030000000000")
        #expect(RecordHeader.read(bytes, at: 0, nonce: 2)?.payload == [1, 2, 3])
        #expect(RecordHeader.read(bytes, at: 0, nonce: 3) == nil)
        // The padding is not covered; every other byte is.
        for index in 0..<43 {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(RecordHeader.read(damaged, at: 0, nonce: 2) == nil)
        }
    }

    @Test func marker() {
        var marker = JournalMarker(owner: owner, state: .established)
        marker.boots = 9
        marker.firstSegment = 3
        marker.lastSegment = 5
        marker.fileIdentity = [1, 2]
        #expect(
            Hex.encode(marker.bytes)
                == "43574d41524b30324bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459adbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d98601090000000000000003000000000000000500000000000000020102a2c230e60558d42d"
        )
        #expect(JournalMarker(marker.bytes) == marker)
        for index in marker.bytes.indices {
            var damaged = marker.bytes
            damaged[index] ^= 1
            #expect(JournalMarker(damaged) == nil)
        }
    }

    /// Of format version 1: counts no segments.
    @Test func markerOfVersionOne() throws {
        let bytes = try #require(
            Hex.decode(
                "43574d41524b30314bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459adbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986010900000000000000020102b8c77c27ecc57b35"
            ))
        let marker = try #require(JournalMarker(bytes))
        #expect(marker.owner == owner && marker.state == .established && marker.boots == 9)
        #expect(marker.firstSegment == 1 && marker.lastSegment == 0 && marker.fileIdentity == [1, 2])
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(JournalMarker(damaged) == nil)
        }
    }
}
