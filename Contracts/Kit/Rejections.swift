package import Chain

/// A kind of refusal that a contract declares: its number (100 or above, unique in the contract), a short name for
/// programs, and the sentence for people. Call it to make the rejection: `throw notOwner()` or
/// `throw notOwner("data set 7 belongs to aurora")`.
package struct RejectionKind: Hashable, Sendable {
    package let code: UInt16
    package let name: String
    package let text: String

    package init(_ code: UInt16, _ name: String, _ text: String) {
        self.code = code
        self.name = name
        self.text = text
    }

    package func callAsFunction(_ detail: String? = nil) -> Rejection {
        Rejection(code, detail.map { "\(text): \($0)" } ?? text)
    }
}

/// Refusals by the host, the same for every contract. Numbers 1 to 99.
package enum HostRejection {
    // Admission: such a transaction never enters a valid block.
    package static let wrongNetwork = RejectionKind(1, "wrong-network", "the transaction is for another network")
    package static let expired = RejectionKind(
        2, "expired", "the expiry is past, or more than 10 minutes ahead of block time; sign a new transaction")
    package static let senderUnknown = RejectionKind(
        3, "sender-unknown",
        "the sender's key belongs to no active partner with a role and is delegated by none; name the actor it acts for"
    )
    package static let quotaExceeded = RejectionKind(
        4, "quota-exceeded", "the organisation's quota of this window is used up; wait for the next window")

    // Execution.
    package static let workExceeded = RejectionKind(10, "work-exceeded", "the work limit ended the call")
    package static let overflow = RejectionKind(11, "overflow", "a number does not fit; check the amounts")
    package static let malformedArguments = RejectionKind(12, "malformed-arguments", "the arguments are malformed")
    package static let unknownInstance = RejectionKind(13, "unknown-instance", "no instance has this address")
    package static let instanceEnded = RejectionKind(14, "instance-ended", "the instance has ended or was superseded")
    package static let unknownMethod = RejectionKind(15, "unknown-method", "the contract has no such call")
    package static let unknownVersion = RejectionKind(
        16, "unknown-version", "no active version of this contract is in this release")
    package static let keyTooLong = RejectionKind(17, "key-too-long", "a state key is above 256 bytes")
    package static let valueTooLong = RejectionKind(
        18, "value-size", "a stored value must have 1 to 1,024 bytes; store bigger content by digest")
    package static let malformedState = RejectionKind(
        19, "malformed-state", "a stored value does not decode; report this with the receipt")
    package static let readOnly = RejectionKind(20, "read-only", "a query must not write")
    package static let callDepth = RejectionKind(21, "call-depth", "contracts call each other too deeply")
    package static let reentered = RejectionKind(22, "reentered", "an instance was called while it is calling")
    package static let tooManyEvents = RejectionKind(23, "too-many-events", "more than 256 events in a transaction")
    package static let eventTooLong = RejectionKind(24, "event-too-long", "an event is above 4,096 bytes")
    package static let outputTooLong = RejectionKind(25, "output-too-long", "a result is above 4,096 bytes")
    package static let scheduleInvalid = RejectionKind(
        26, "schedule-invalid",
        "a call can be scheduled for a later block time before the year 10889 only, at most 64 by one transaction")
    package static let notPermitted = RejectionKind(27, "not-permitted", "only the platform itself may do this")
    package static let notAuthorised = RejectionKind(
        28, "not-authorised", "the sender's partner has not the role for this call")
    package static let limitTooLarge = RejectionKind(
        29, "limit-too-large", "a page of a collection has at most 256 entries")
    package static let unknownQuery = RejectionKind(30, "unknown-query", "the contract has no such query")

    /// A local read failed; the host never puts this one into a receipt.
    package static let localFailure = RejectionKind(99, "local-failure", "the node could not read its own state")

    package static let all: [RejectionKind] = [
        wrongNetwork, expired, senderUnknown, quotaExceeded, workExceeded, overflow, malformedArguments,
        unknownInstance, instanceEnded, unknownMethod, unknownVersion, keyTooLong, valueTooLong, malformedState,
        readOnly, callDepth, reentered, tooManyEvents, eventTooLong, outputTooLong, scheduleInvalid, notPermitted,
        notAuthorised, limitTooLarge, unknownQuery,
    ]
}

/// Throws `refusal` unless `condition` holds: `try require(amount > 0, amountNotPositive())`.
package func require(_ condition: Bool, _ refusal: @autoclosure () -> Rejection) throws(Rejection) {
    if !condition { throw refusal() }
}
