internal import Chain
internal import ContractKit
package import Primitives
internal import Trading

/// A message with the number that pairs a request with its answer. Bytes: format version (u8), number (u64), message
/// (ULEB128 tag, fields in order).
package struct LakeFrame: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt8 = 1
    /// A store request of the largest batch fits, and a part of a salt list or batch list; a whole salt list of up to
    /// 29,000 members.
    package static let byteCountMax = 1_048_576

    package let number: UInt64
    package let message: LakeMessage

    package init(number: UInt64, message: LakeMessage) {
        self.number = number
        self.message = message
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u8(LakeFrame.formatVersion)
        encoder.u64(number)
        encoder.value(message)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard decoder.remaining <= LakeFrame.byteCountMax else {
            throw decoder.failure(.tooLong(limit: LakeFrame.byteCountMax))
        }
        guard try decoder.u8() == LakeFrame.formatVersion else {
            throw decoder.failure(
                .invalid("this lake message has another format version than \(LakeFrame.formatVersion)"))
        }
        number = try decoder.u64()
        message = try LakeMessage(from: &decoder)
    }
}

extension LakeMessage: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .batch(let digest):
            encoder.uleb(0)
            encoder.fixed(digest)
        case .store(let bytes):
            encoder.uleb(1)
            encoder.blob(bytes)
        case .list(let community, let from, let to):
            encoder.uleb(2)
            encoder.value(community)
            encoder.value(from)
            encoder.value(to)
        case .salts(let community, let period, let version):
            encoder.uleb(3)
            encoder.value(community)
            encoder.value(period)
            encoder.u32(version)
        case .attest(let request):
            encoder.uleb(4)
            encoder.value(request)
        case .saltPart(let community, let period, let version, let first):
            encoder.uleb(11)
            encodePart(community, period, version, first, to: &encoder)
        case .batchPart(let community, let period, let version, let first):
            encoder.uleb(12)
            encodePart(community, period, version, first, to: &encoder)
        case .part(let digest):
            encoder.uleb(14)
            encoder.fixed(digest)
        case .chunks(let digest, let first, let count):
            encoder.uleb(15)
            encoder.fixed(digest)
            encoder.u32(first)
            encoder.u16(count)
        case .offer(let digest, let keepUntil):
            encoder.uleb(16)
            encoder.fixed(digest)
            encoder.option(keepUntil)
        case .attestResult(let request):
            encoder.uleb(19)
            encoder.value(request)
        case .inputs(let community, let period, let version):
            encoder.uleb(20)
            encoder.value(community)
            encoder.value(period)
            encoder.u32(version)
        default: encodeAnswer(to: &encoder)
        }
    }

    private func encodePart(
        _ community: Address, _ period: PeriodNumber, _ version: UInt32, _ first: UInt32,
        to encoder: inout BCSEncoder
    ) {
        encoder.value(community)
        encoder.value(period)
        encoder.u32(version)
        encoder.u32(first)
    }

    private func encodeAnswer(to encoder: inout BCSEncoder) {
        switch self {
        case .batchBytes(let bytes):
            encoder.uleb(5)
            encoder.blob(bytes)
        case .stored(let digest):
            encoder.uleb(6)
            encoder.fixed(digest)
        case .listed(let batches):
            encoder.uleb(7)
            encoder.vector(batches)
        case .saltList(let salts):
            encoder.uleb(8)
            encoder.value(salts)
        case .attested(let attestation):
            encoder.uleb(9)
            encoder.value(attestation)
        case .refused(let refusal):
            encoder.uleb(10)
            encoder.value(refusal)
        case .batchList(let batches):
            encoder.uleb(13)
            encoder.value(batches)
        case .manifest(let bytes):
            encoder.uleb(17)
            encoder.blob(bytes)
        case .chunkBytes(let bytes):
            encoder.uleb(18)
            encoder.blob(bytes)
        case .settledInputs(let inputs):
            encoder.uleb(21)
            encoder.value(inputs)
        case .batch, .store, .list, .salts, .attest, .saltPart, .batchPart, .part, .chunks, .offer, .attestResult,
            .inputs:
            break
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .batch(try decoder.digest())
        case 1: self = .store(try decoder.blob(max: ReadingBatch.byteCountMax))
        case 2:
            self = .list(
                community: try Address(from: &decoder), from: try Timestamp(from: &decoder),
                to: try Timestamp(from: &decoder))
        case 3:
            self = .salts(
                community: try Address(from: &decoder), period: try PeriodNumber(from: &decoder),
                version: try decoder.u32())
        case 4: self = .attest(try AttestationRequest(from: &decoder))
        case 5: self = .batchBytes(try decoder.blob(max: ReadingBatch.byteCountMax))
        case 6: self = .stored(try decoder.digest())
        case 7: self = .listed(try decoder.vector(max: LakeMessage.listMax))
        case 8: self = .saltList(try SaltList(from: &decoder))
        case 9: self = .attested(try Attestation(from: &decoder))
        case 10: self = .refused(try LakeRefusal(from: &decoder))
        case 11:
            self = .saltPart(
                community: try Address(from: &decoder), period: try PeriodNumber(from: &decoder),
                version: try decoder.u32(), first: try decoder.u32())
        case 12:
            self = .batchPart(
                community: try Address(from: &decoder), period: try PeriodNumber(from: &decoder),
                version: try decoder.u32(), first: try decoder.u32())
        case 13: self = .batchList(try SettlementBatches(from: &decoder, max: LakeMessage.partMax))
        case 14: self = .part(try decoder.digest())
        case 15: self = .chunks(try decoder.digest(), first: try decoder.u32(), count: try decoder.u16())
        case 16: self = .offer(try decoder.digest(), keepUntil: try decoder.option())
        case 17: self = .manifest(try decoder.blob(max: LakeFrame.byteCountMax))
        case 18: self = .chunkBytes(try decoder.blob(max: LakeMessage.chunkBytesMax))
        case 19: self = .attestResult(try ResultRequest(from: &decoder))
        case 20:
            self = .inputs(
                community: try Address(from: &decoder), period: try PeriodNumber(from: &decoder),
                version: try decoder.u32())
        case 21: self = .settledInputs(try SettlementInputs(from: &decoder))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
