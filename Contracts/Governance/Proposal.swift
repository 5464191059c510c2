internal import Chain
package import ContractKit
package import Primitives

/// A proposal as it is stored.
package struct Proposal: Hashable, Sendable {
    package enum Status: Hashable, Sendable {
        case open
        /// Two thirds agreed; enacted at this block time.
        case approved(enactAt: Timestamp)
        case enacted(Height)
        /// The action was refused at enactment, with this rejection's number.
        case failed(code: UInt16)
        case expired
        case withdrawn
    }

    package let number: UInt64
    package let proposer: String
    package let action: Action
    /// Height of the block that took it.
    package let submitted: Height
    /// The scheduled expiry while it is open.
    package let expiry: ScheduleID
    package var status: Status
}

extension Proposal: ContractValue {
    package static let shape = Shape.fields(
        "Proposal", ("number", .u64), ("proposer", .text(max: Partner.idBytesMax)), ("action", Action.shape),
        ("submitted", .u64), ("expiry", ScheduleID.shape),
        (
            "status",
            .choice(
                "ProposalStatus",
                [
                    Shape.Case(0, "open"), Shape.Case(1, "approved", [Shape.Field("enactAt", .u64)]),
                    Shape.Case(2, "enacted", [Shape.Field("height", .u64)]),
                    Shape.Case(3, "failed", [Shape.Field("code", .u16)]), Shape.Case(4, "expired"),
                    Shape.Case(5, "withdrawn"),
                ])
        ))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.string(proposer)
        encoder.value(action)
        encoder.value(submitted)
        encoder.value(expiry)
        switch status {
        case .open: encoder.uleb(0)
        case .approved(let time):
            encoder.uleb(1)
            encoder.value(time)
        case .enacted(let height):
            encoder.uleb(2)
            encoder.value(height)
        case .failed(let code):
            encoder.uleb(3)
            encoder.u16(code)
        case .expired: encoder.uleb(4)
        case .withdrawn: encoder.uleb(5)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        proposer = try decoder.string(max: Partner.idBytesMax)
        action = try Action(from: &decoder)
        submitted = try Height(from: &decoder)
        expiry = try ScheduleID(from: &decoder)
        switch try decoder.uleb() {
        case 0: status = .open
        case 1: status = .approved(enactAt: try Timestamp(from: &decoder))
        case 2: status = .enacted(try Height(from: &decoder))
        case 3: status = .failed(code: try decoder.u16())
        case 4: status = .expired
        case 5: status = .withdrawn
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}

package struct ProposalID: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static let shape = Shape.fields("ProposalID", ("number", .u64))
    package func encode(to encoder: inout BCSEncoder) { encoder.u64(number) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { number = try decoder.u64() }
}

package struct Propose: Hashable, Sendable, ContractValue {
    package let action: Action
    package init(_ action: Action) { self.action = action }
    package static let shape = Shape.fields("Propose", ("action", Action.shape))
    package func encode(to encoder: inout BCSEncoder) { encoder.value(action) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { action = try Action(from: &decoder) }
}

/// A proposal and the partner that acted; the partner is empty for scheduled calls.
package struct ProposalNotice: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package let partner: String

    package static let shape = Shape.fields(
        "ProposalNotice", ("number", .u64), ("partner", .text(max: Partner.idBytesMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.string(partner)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        partner = try decoder.string(max: Partner.idBytesMax)
    }
    init(number: UInt64, partner: String) {
        self.number = number
        self.partner = partner
    }
}
