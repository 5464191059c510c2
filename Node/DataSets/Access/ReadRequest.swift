package import Agreements
package import ContractKit
package import LedgerCrypto
package import Primitives

/// What a reader asks a node for, signed with a key that acts for its marketplace account. BCS.
package struct ReadRequest: Hashable, Sendable, BCSCodable {
    /// How far the reader's clock may be from the node's.
    package static let ageMillisecondsMax: UInt64 = 60_000
    package static let byteCountMax = 32 * 1_024
    /// How often one signed request is answered: a download that breaks off can be repeated, and no access beyond that is
    /// logged for it.
    package static let answersMax = 4
    private static let domain = Array("commonwatt/data-read/1".utf8)

    package enum Form: UInt8, Hashable, Sendable, CaseIterable {
        /// Whole chunks with their proofs: `commonwatt/slice/1`.
        case proved = 0
        /// The wanted rows or bytes alone, on the node's word.
        case plain = 1
    }

    /// Holder of the reading account.
    package let account: Digest
    /// Of the marketplace.
    package let dataSet: Digest
    /// Nil for an open data set.
    package let agreement: UInt64?
    /// Exactly one.
    package let purpose: Purposes
    /// Content address of the part.
    package let part: Digest
    package let range: SliceRange
    /// Cuts plain answers; a proved one has whole chunks, to which the reader applies it.
    package let filter: RowFilter?
    package let form: Form
    package let time: Timestamp
    package let key: PublicKey
    package let signature: Signature

    package init(
        account: Digest, dataSet: Digest, agreement: UInt64?, purpose: Purposes, part: Digest, range: SliceRange = .all,
        filter: RowFilter? = nil, form: Form = .proved, time: Timestamp, key: PublicKey, signature: Signature
    ) {
        self.account = account
        self.dataSet = dataSet
        self.agreement = agreement
        self.purpose = purpose
        self.part = part
        self.range = range
        self.filter = filter
        self.form = form
        self.time = time
        self.key = key
        self.signature = signature
    }

    /// Signed by `sign`, whatever holds the key; `question` says who reads what for which purpose. Nil when `sign` is.
    package init?(
        _ question: AccessQuestion, part: Digest, range: SliceRange = .all, filter: RowFilter? = nil,
        form: Form = .proved, time: Timestamp, network: Digest, key: PublicKey, sign: (Digest) -> Signature?
    ) {
        func made(_ signature: Signature) -> ReadRequest {
            ReadRequest(
                account: question.user, dataSet: question.dataSet, agreement: question.agreement,
                purpose: question.purpose, part: part, range: range, filter: filter, form: form, time: time,
                key: key, signature: signature)
        }
        // Zeros stand in the place that the digest leaves out.
        guard let zeros = Signature([UInt8](repeating: 0, count: Signature.byteCount)),
            let signature = sign(made(zeros).signingDigest(network: network))
        else { return nil }
        self = made(signature)
    }

    package var question: AccessQuestion {
        AccessQuestion(user: account, dataSet: dataSet, purpose: purpose, agreement: agreement)
    }

    /// `SHA-256("commonwatt/data-read/1" || network || the request without its signature)`.
    package func signingDigest(network: Digest) -> Digest {
        var encoder = BCSEncoder()
        encoder.fixed(network)
        encodeBody(to: &encoder)
        return SigningDomain.digest(ReadRequest.domain, encoder.bytes)
    }

    /// Why the request is not taken whatever the chain says; nil when it is well formed, fresh and signed by its key.
    package func problem(network: Digest, now: Timestamp) -> String? {
        if let problem = range.problem { return problem }
        if case .bytes = range, filter != nil { return "a range of bytes cannot be filtered" }
        let age = max(now.value, time.value) - min(now.value, time.value)
        guard age <= ReadRequest.ageMillisecondsMax else {
            return "the request was signed \(age / 1_000) s from this node's time: check the clocks"
        }
        guard SignatureVerifier.verify(signature, by: key, over: signingDigest(network: network)) else {
            return "the signature does not fit the request"
        }
        return nil
    }

    private func encodeBody(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.fixed(dataSet)
        encoder.bool(agreement != nil)
        if let agreement { encoder.u64(agreement) }
        encoder.value(purpose)
        encoder.fixed(part)
        encoder.value(range)
        encoder.option(filter)
        encoder.u8(form.rawValue)
        encoder.value(time)
        encoder.value(key)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encodeBody(to: &encoder)
        encoder.value(signature)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        dataSet = try decoder.digest()
        agreement = try decoder.bool() ? try decoder.u64() : nil
        purpose = try Purposes(from: &decoder)
        part = try decoder.digest()
        range = try SliceRange(from: &decoder)
        filter = try decoder.option()
        let tag = try decoder.u8()
        guard let form = Form(rawValue: tag) else { throw decoder.failure(.unknownTag(UInt32(tag))) }
        self.form = form
        time = try Timestamp(from: &decoder)
        key = try PublicKey(from: &decoder)
        signature = try Signature(from: &decoder)
    }
}
