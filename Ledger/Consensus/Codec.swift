internal import Chain
package import Primitives

// Wire and disk formats: BCS, fields in the order of the declarations. Pinned by golden vectors in the tests.

extension Proposal: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(header)
        encoder.vector(transactions)
        encoder.value(vote)
        encoder.option(parent)
        encoder.vector(nullifications)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        header = try BlockHeader(from: &decoder)
        transactions = try decoder.vector(max: Block.transactionsMax)
        vote = try Vote(from: &decoder)
        parent = try decoder.option()
        nullifications = try decoder.vector(max: Proposal.nullificationsMax)
    }
}

extension ConsensusStatus: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(epoch)
        encoder.value(view)
        encoder.option(entry)
        encoder.option(finalization)
        encoder.bool(isRecovering)
        encoder.u64(answers)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        epoch = try Epoch(from: &decoder)
        view = try View(from: &decoder)
        entry = try decoder.option()
        finalization = try decoder.option()
        isRecovering = try decoder.bool()
        answers = try decoder.u64()
    }
}

extension ConsensusMessage: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .vote(let vote):
            encoder.uleb(0)
            encoder.value(vote)
        case .certificate(let certificate):
            encoder.uleb(1)
            encoder.value(certificate)
        case .proposal(let proposal):
            encoder.uleb(2)
            encoder.value(proposal)
        case .status(let status):
            encoder.uleb(3)
            encoder.value(status)
        case .statusRequest(let epoch, let incarnation):
            encoder.uleb(4)
            encoder.value(epoch)
            encoder.u64(incarnation)
        case .certificatesRequest(let epoch, let first, let last):
            encoder.uleb(5)
            encoder.value(epoch)
            encoder.value(first)
            encoder.value(last)
        case .certificates(let certificates):
            encoder.uleb(6)
            encoder.vector(certificates)
        case .proposalRequest(let epoch, let view, let digest):
            encoder.uleb(7)
            encoder.value(epoch)
            encoder.value(view)
            encoder.fixed(digest)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .vote(try Vote(from: &decoder))
        case 1: self = .certificate(try Certificate(from: &decoder))
        case 2: self = .proposal(try Proposal(from: &decoder))
        case 3: self = .status(try ConsensusStatus(from: &decoder))
        case 4: self = .statusRequest(epoch: try Epoch(from: &decoder), incarnation: try decoder.u64())
        case 5:
            self = .certificatesRequest(
                epoch: try Epoch(from: &decoder), first: try View(from: &decoder), last: try View(from: &decoder))
        case 6: self = .certificates(try decoder.vector(max: ConsensusMessage.certificatesMax))
        case 7:
            self = .proposalRequest(
                epoch: try Epoch(from: &decoder), view: try View(from: &decoder), digest: try decoder.digest())
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}

extension ConsensusRecord: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .marker(let epoch, let abstainThrough):
            encoder.uleb(0)
            encoder.value(epoch)
            encoder.value(abstainThrough)
        case .vote(let vote):
            encoder.uleb(1)
            encoder.value(vote)
        case .certificate(let certificate):
            encoder.uleb(2)
            encoder.value(certificate)
        case .proposal(let proposal):
            encoder.uleb(3)
            encoder.value(proposal)
        case .reservation(let epoch, let view):
            encoder.uleb(4)
            encoder.value(epoch)
            encoder.value(view)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .marker(epoch: try Epoch(from: &decoder), abstainThrough: try View(from: &decoder))
        case 1: self = .vote(try Vote(from: &decoder))
        case 2: self = .certificate(try Certificate(from: &decoder))
        case 3: self = .proposal(try Proposal(from: &decoder))
        case 4: self = .reservation(epoch: try Epoch(from: &decoder), view: try View(from: &decoder))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
