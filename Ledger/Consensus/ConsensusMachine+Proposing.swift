internal import Chain
internal import LedgerCrypto
internal import Primitives

extension ConsensusMachine {
    /// Leads the current view, may vote in it, and has not yet.
    var hasTheTurn: Bool {
        let state = state(view)
        return set.leader(of: view) == own.map(Int.init) && mayVote(in: view) && state.notarized == nil
            && !state.nullified && !state.finalized
    }

    /// As leader of the current view: writes down that it may propose. This lies in the group of records that the end of
    /// the view before writes anyhow, so that on an idle network it is durable long before there is something to propose.
    ///
    /// A notarization must have an honest voter besides the leader whose disk has the block: q - 1 > f, which is so but for a
    /// single validator.
    mutating func reserve() {
        guard hasTheTurn, set.quorum > set.faultsMax + 1, state(view).reservation == nil else { return }
        views[view, default: ViewState()].reservation = journal(.reservation(epoch: epoch, view: view))
    }

    /// As leader of the current view: asks for a block on the best parent, or proposes the epoch's closing block again.
    mutating func propose() {
        guard let own, hasTheTurn, timers.startedAt != nil, timers.buildAsked == nil, state(view).reservation != 0,
            let parentView = bestParent(), let parent = certified(parentView),
            let header = executedHeader(parent, in: parentView)
        else { return }
        let isClosing = header.closesEpoch && parent != configuration.root.digest
        if isClosing, !mutated(.emptyDescendantsAfterClosing), let block = blocks[parent] {
            return propose(block.header, block.transactions, on: parentView)
        }
        let finalHeight = finalPoints.last?.height ?? configuration.root.height
        let request = BuildRequest(
            view: view, epoch: epoch, height: header.height.next, parent: parent, parentView: parentView,
            time: max(now.wall, header.time.next), proposer: own,
            isEmpty: isClosing
                || header.height.distance(above: finalHeight) >= UInt64(parameters.unfinalizedBlocksMax))
        timers.buildAsked = request
        emit(.build(request))
    }

    /// The highest notarized view with nullifications from there to the current view. What lacks is asked for.
    private mutating func bestParent() -> View? {
        var cursor = view
        while let before = cursor.previous, before >= final {
            if certified(before) != nil { return before }
            if views[before]?.nullification == nil {
                askCertificates(from: final, through: before)
                return nil
            }
            cursor = before
        }
        return nil
    }

    mutating func onBuilt(_ header: BlockHeader, _ transactions: [Digest]) {
        let state = state(view)
        guard let request = timers.buildAsked, request.view == view, header.matches(request),
            header.network == configuration.network, header.validatorSet == set.digest,
            Block.transactionsRoot(transactions) == header.transactionsRoot,
            mayVote(in: view), !state.nullified, state.notarized == nil
        else { return }
        note(header, transactions)
        blocks[header.digest]?.status = .executed
        propose(header, transactions, on: request.parentView)
    }

    /// Signs and writes down the proposal, which is also the own Notarize. It leaves once the reservation is durable, and counts
    /// here once it is durable itself, or somebody else says it: meanwhile the others execute and write.
    private mutating func propose(_ header: BlockHeader, _ transactions: [Digest], on parentView: View) {
        guard !isReplaying, let own, let key = configuration.key else { return }
        let payload = VotePayload(
            network: configuration.network, epoch: epoch, kind: .notarize, view: view, digest: header.digest)
        let vote = Vote(signing: payload, signer: own, key: key)
        let proposal = Proposal(
            header: header, transactions: transactions, vote: vote, parent: certificate(parentView), nullifications: [])
        let sequence = journal(.proposal(proposal))
        views[view, default: ViewState()].proposals = [proposal]
        remember(own: vote, sequence: sequence)
        hold(.proposal(proposal), until: state(view).reservation ?? sequence)
        hold(.ballot(vote), until: sequence)
    }

    /// A held proposal as it travels: with the newest nullifications since its parent.
    func explained(_ proposal: Proposal) -> Proposal {
        let parentView = proposal.parent?.view ?? View(0)
        var newestFirst: [Certificate] = []
        var cursor = proposal.view
        while newestFirst.count < Proposal.nullificationsMax, let before = cursor.previous, before > parentView,
            let nullification = views[before]?.nullification
        {
            newestFirst.append(nullification)
            cursor = before
        }
        return proposal.with(nullifications: newestFirst.reversed())
    }
}

extension BlockHeader {
    fileprivate func matches(_ request: BuildRequest) -> Bool {
        view == request.view && epoch == request.epoch && height == request.height && parent == request.parent
            && parentView == request.parentView && time == request.time && proposer == request.proposer
    }
}
