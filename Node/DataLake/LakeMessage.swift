package import Agreements
package import Chain
package import ContractKit
package import Primitives
package import Trading

/// What partners' nodes say to each other about data and attestations (channel 1 of the peer links). Pure values: the
/// link says who sent one.
package enum LakeMessage: Hashable, Sendable {
    /// Bounds the list of one answer.
    package static let listMax = 4_096
    /// Bounds the parts of salt and batch lists: 590 KB.
    package static let partMax = 16_384

    // Requests.
    case batch(Digest)
    /// Offers a batch for replication.
    case store([UInt8])
    case list(community: Address, from: Timestamp, to: Timestamp)
    case salts(community: Address, period: PeriodNumber, version: UInt32)
    /// With more than `AttestationRequest.batchesMax` batches the list stays empty, and is asked for where it is needed.
    case attest(AttestationRequest)
    /// Salts by their position in the list, `first` and at most `partMax` - 1 more; answered with a salt list.
    case saltPart(community: Address, period: PeriodNumber, version: UInt32, first: UInt32)
    /// Batches of a settlement by their position in the list, likewise; answered with `batchList`.
    case batchPart(community: Address, period: PeriodNumber, version: UInt32, first: UInt32)
    /// The manifest of a part.
    case part(Digest)
    /// Chunks of a part from one on; as many as fit into `chunkBytesMax`, at most `count`.
    case chunks(Digest, first: UInt32, count: UInt16)
    /// Offers a part for replication: whoever may store it fetches it from the sender before it answers.
    case offer(Digest, keepUntil: Timestamp?)
    /// Asks to recompute a result of an analysis; answered with an attestation of its claim.
    case attestResult(ResultRequest)
    /// What a version that the chain took was computed from; answered with `settledInputs`, whose digest the chain has.
    case inputs(community: Address, period: PeriodNumber, version: UInt32)

    // Answers.
    case batchBytes([UInt8])
    case stored(Digest)
    case listed([ListedBatch])
    case saltList(SaltList)
    case attested(Attestation)
    case batchList(SettlementBatches)
    case refused(LakeRefusal)
    case manifest([UInt8])
    /// The bytes of whole chunks, one behind the other.
    case chunkBytes([UInt8])
    case settledInputs(SettlementInputs)

    /// Bytes of chunks in one answer.
    package static let chunkBytesMax = 12 * 65_536

    /// Whether policies of the newest final state say who may have the answer, or hand that in. Attestations are of what the
    /// chain checks itself; parts of data sets are judged where they are served.
    var isJudgedByPolicy: Bool {
        switch self {
        case .batch, .store, .list, .salts, .saltPart, .batchPart, .inputs: true
        default: false
        }
    }

    package var isAnswer: Bool {
        switch self {
        case .batch, .store, .list, .salts, .attest, .saltPart, .batchPart, .part, .chunks, .offer, .attestResult,
            .inputs:
            false
        case .batchBytes, .stored, .listed, .saltList, .attested, .batchList, .refused, .manifest, .chunkBytes,
            .settledInputs:
            true
        }
    }
}

package struct ListedBatch: Hashable, Sendable, BCSCodable {
    package let digest: Digest
    package let meter: MeterNumber
    package let from: Timestamp
    package let to: Timestamp

    package init(digest: Digest, meter: MeterNumber, from: Timestamp, to: Timestamp) {
        self.digest = digest
        self.meter = meter
        self.from = from
        self.to = to
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(digest)
        encoder.value(meter)
        encoder.value(from)
        encoder.value(to)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        digest = try decoder.digest()
        meter = try MeterNumber(from: &decoder)
        from = try Timestamp(from: &decoder)
        to = try Timestamp(from: &decoder)
    }
}

/// "Recompute this and sign it."
package struct AttestationRequest: Hashable, Sendable, BCSCodable {
    /// A longer list does not travel with the request.
    package static let batchesMax = 1_024

    package let community: Address
    package let inputs: SettlementInputs
    /// The batches that the inputs name by their root.
    package let batches: SettlementBatches
    package let claim: SettlementClaim

    package init(
        community: Address, inputs: SettlementInputs, batches: SettlementBatches, claim: SettlementClaim
    ) {
        self.community = community
        self.inputs = inputs
        self.batches = batches
        self.claim = claim
    }

    package var record: SettlementRecord { SettlementRecord(inputs, claim) }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(community)
        encoder.value(inputs)
        encoder.value(batches)
        encoder.value(claim)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        community = try Address(from: &decoder)
        inputs = try SettlementInputs(from: &decoder)
        batches = try SettlementBatches(from: &decoder)
        claim = try SettlementClaim(from: &decoder)
    }
}

/// Why a request was not met: a number for programs, a sentence for people.
package struct LakeRefusal: Error, Hashable, Sendable, BCSCodable, CustomStringConvertible {
    package static let textBytesMax = 512

    package enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        /// The policy names the asking partner not, or this one not.
        case notPermitted = 1
        case notHeld = 2
        case erased = 3
        case damaged = 4
        case malformed = 5
        /// The chain has no such community, member, meter or anchor.
        case unknown = 6
        case busy = 7
        /// Recomputing gave something else than was claimed.
        case otherResult = 8
        /// The inputs are not those that the chain and this lake have.
        case otherInputs = 9
        case unavailable = 10
    }

    package let reason: Reason
    package let text: String
    /// The rule of access that a read does not meet. Told to the reader; between nodes it is not sent.
    package let rule: AccessRefusal?

    package init(_ reason: Reason, _ text: String, rule: AccessRefusal? = nil) {
        self.reason = reason
        self.rule = rule
        var kept = text
        while kept.utf8.count > LakeRefusal.textBytesMax { kept.removeLast() }
        self.text = kept
    }

    package var description: String { text }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u8(reason.rawValue)
        encoder.string(text)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        reason = try decoder.tag()
        text = try decoder.string(max: LakeRefusal.textBytesMax)
        rule = nil
    }
}
