package import Chain
internal import LedgerCrypto
internal import Primitives

extension JSONCoder where Value == BlockHeader {
    package static let header = JSONCoder.object(
        "BlockHeader", "What validators agreed on. Its digest is SHA-256 of its BCS bytes.",
        derived("digest", { $0.digest }, .digest, "Name of the block."),
        field("network", { $0.network }, .digest, "SHA-256 of the genesis."),
        field("height", { $0.height }, .counter),
        field("view", { $0.view }, .counter, "Consensus view in which it was first proposed."),
        field("epoch", { $0.epoch }, .counter),
        field("parent", { $0.parent }, .digest),
        field("parentView", { $0.parentView }, .counter),
        field("time", { $0.time }, .counter, "Milliseconds since 1970 in UTC."),
        derived("timeText", { $0.time.text }, .text(max: 40), "The same for people."),
        field("proposer", { $0.proposer }, .small, "Index in the validator set of the epoch."),
        field("transactionsRoot", { $0.transactionsRoot }, .digest),
        field("stateRoot", { $0.stateRoot }, .digest, "Root of the state after this block."),
        field("receiptsRoot", { $0.receiptsRoot }, .digest),
        field("validatorSet", { $0.validatorSet }, .digest, "Digest of the set that certifies this block."),
        field(
            "nextValidatorSet", { $0.nextValidatorSet }, .digest,
            "Digest of the set that certifies its children; differs in the last block of an epoch.")
    ) {
        _, network, height, view, epoch, parent, parentView, time, _, proposer, transactions, state, receipts, set, next
        in
        BlockHeader(
            network: network, height: height, view: view, epoch: epoch, parent: parent, parentView: parentView,
            time: time, proposer: proposer, transactionsRoot: transactions, stateRoot: state, receiptsRoot: receipts,
            validatorSet: set, nextValidatorSet: next)
    }
}

extension JSONCoder where Value == Call {
    package static let call = JSONCoder.object(
        "Call", "One call of a contract instance.",
        field("instance", { $0.instance }, .address),
        field("method", { $0.method }, .small, "Number of the method in the contract's interface."),
        field("arguments", { $0.arguments }, .hex(0...Call.argumentBytesMax), "BCS of the arguments.")
    ) { Call(instance: $0, method: $1, arguments: $2) }
}

extension JSONCoder where Value == Transaction {
    /// The bytes are the transaction; the other members show what they say.
    package static let transaction = JSONCoder.object(
        "Transaction", "A signed transaction; `bytes` is what was signed and received, the rest shows what it says.",
        field("bytes", { $0.bytes }, .hex(1...Transaction.byteCountMax), "BCS(body), then 64 bytes of signature."),
        derived("digest", { $0.digest }, .digest, "SHA-256 of `bytes`: its name in receipts."),
        derived("sender", { $0.body.sender }, .publicKey),
        derived(
            "actor", { $0.body.actor }, JSONCoder<String>.text(max: TransactionBody.actorBytesMax).nullable,
            "The identifier that the sender acts for, if it is not its own."),
        derived("expiry", { $0.body.expiry }, .counter, "Block time in milliseconds up to which it may run."),
        derived("salt", { $0.body.salt }, .decimalText),
        derived("calls", { $0.body.calls }, JSONCoder<Call>.call.list(max: TransactionBody.callsMax))
    ) { bytes, _, _, _, _, _, _ in try Transaction(bytes: bytes) }
}

extension JSONCoder where Value == Rejection {
    package static let rejection = JSONCoder.object(
        "Rejection", "Why a contract or the host refused; the same on every node.",
        field("code", { $0.code }, .small, "Below 100 the host's, from 100 on the contract's own."),
        field("text", { $0.text }, .text(max: Rejection.textBytesMax), "What happened and what to do.")
    ) { Rejection($0, $1) }
}

extension JSONCoder where Value == Event {
    package static let event = JSONCoder.object(
        "Event", "What a contract tells the world.",
        field("instance", { $0.instance }, .address),
        field("kind", { $0.kind }, .small, "Number of the event in the contract's interface."),
        field("payload", { $0.payload }, .hex(0...Event.payloadBytesMax), "BCS of the event's fields.")
    ) { Event(instance: $0, kind: $1, payload: $2) }
}

extension JSONCoder where Value == Receipt {
    package static let receipt = JSONCoder.object(
        "Receipt", "Outcome of one transaction or scheduled call. A rejected one left no other trace.",
        field("subject", { $0.subject }, .digest, "The transaction, or the record of the scheduled call."),
        derived("succeeded", { $0.rejection == nil }, .flag),
        optional("rejection", { $0.rejection }, .rejection),
        field("events", { $0.events }, JSONCoder<Event>.event.list(max: Receipt.eventsMax)),
        field(
            "outputs", { $0.outputs },
            JSONCoder<[UInt8]>.hex(0...Receipt.outputBytesMax).list(max: TransactionBody.callsMax),
            "BCS results of the calls, in order."),
        field("workUsed", { $0.workUsed }, .number())
    ) { subject, _, rejection, events, outputs, work in
        Receipt(subject: subject, rejection: rejection, events: events, outputs: outputs, workUsed: work)
    }
}

extension JSONCoder where Value == Certificate.Entry {
    package static let certificateEntry = JSONCoder.object(
        "CertificateEntry", "The signature of one validator.",
        field("signer", { $0.signer }, .small, "Index in the validator set of the epoch."),
        field("signature", { $0.signature }, .signature)
    ) { Certificate.Entry(signer: $0, signature: $1) }
}

extension JSONCoder where Value == VoteKind {
    package static let voteKind = JSONCoder<String>.word(VoteKind.allCases.map { "\($0)" }).map(
        to: { word in
            guard let kind = VoteKind.allCases.first(where: { "\($0)" == word }) else {
                throw JSONFailure("expected a kind of vote")
            }
            return kind
        }, from: { "\($0)" })
}

extension JSONCoder where Value == Certificate {
    package static let certificate = JSONCoder.object(
        "Certificate", "Signatures of a quorum of distinct validators over one payload.",
        field("epoch", { $0.epoch }, .counter),
        field("kind", { $0.kind }, .voteKind),
        field("view", { $0.view }, .counter),
        field("digest", { $0.digest }, .digest, "The block."),
        field(
            "signatures", { $0.entries },
            JSONCoder<Certificate.Entry>.certificateEntry.list(max: ValidatorSet.countMax))
    ) { Certificate(epoch: $0, kind: $1, view: $2, digest: $3, entries: $4) }
}

extension JSONCoder where Value == Validator {
    package static let validator = JSONCoder.object(
        "Validator", "A validator as the ledger sees it.", closed: true,
        field("partner", { $0.partner }, .text(max: Validator.partnerBytesMax), "The partner that runs it."),
        field("consensusKey", { $0.consensusKey }, .publicKey, "secp256k1 key of its votes and proposals."),
        field("transportKey", { $0.transportKey }, .digest, "SHA-256 of its TLS certificate's public key (SPKI).")
    ) { Validator(partner: $0, consensusKey: $1, transportKey: $2) }
}

extension JSONCoder where Value == ValidatorSet {
    /// The list alone, in ascending order of partner.
    package static let validatorSet = JSONCoder<Validator>.validator.list(max: ValidatorSet.countMax).map(
        to: { try ValidatorSet($0) }, from: { $0.validators })
}
