package import Chain
internal import LightClient
package import Primitives

/// What became of a transaction, proved from what the client trusts.
package enum ProvedOutcome: Sendable {
    /// It is in this final block; whether it succeeded, its receipt says.
    case included(ProvenReceipt)
    /// Expired: the blocks that could hold it do not, and those from this final one on take it no more.
    case absent(BlockHeader)
    /// No final block is known that is later than its expiry; the newest one that was proved is of this time.
    case open(Timestamp)
}

extension NodeClient {
    /// Blocks that are read for one answer, at most.
    static let blocksReadMax = 20_000
    /// A key that is asked for when only the header matters.
    static let anyKey: [UInt8] = [0]

    /// What became of a transaction, from final headers that are proved and blocks that hang together by their digests: no
    /// node is trusted. A block takes a transaction only while its time t is within expiry - 10 minutes <= t <= expiry
    /// (`Transaction.lifetimeMillisecondsMax`), and times rise from block to block, so the blocks of that span are all there
    /// is to read. `since` spares some: the height of a block that was final before the transaction was made.
    ///
    /// Throws `ClientError` when no node proves it: nothing is known then.
    package func provedOutcome(
        of digest: Digest, expiry: Timestamp, since: Height = Height(0)
    ) async throws -> ProvedOutcome {
        let head = try await verifiedValue(NodeClient.anyKey, minimumHeight: since, ageMillisecondsMax: .max).header
        guard head.time > expiry else { return .open(head.time) }
        let end = try await provedEnd(below: head, after: expiry)
        var header = end
        for _ in 0..<NodeClient.blocksReadMax {
            guard header.height > since.next else { return .absent(end) }
            let block = try await block(.digest(header.parent))
            header = block.header
            guard header.time.adding(milliseconds: Transaction.lifetimeMillisecondsMax) >= expiry else {
                return .absent(end)
            }
            if block.transactions.contains(where: { $0.digest == digest }) {
                // Its block hangs on a proved one already, also where it is of an epoch before the kept state's.
                let proven = try await receipt(of: digest)
                guard proven.header == header else {
                    throw ClientError.badAnswer(
                        node: nodes[order[0]], "a receipt of another block than that of the transaction")
                }
                return .included(proven)
            }
        }
        throw ClientError.badAnswer(
            node: nodes[order[0]], "more than \(NodeClient.blocksReadMax) blocks up to the expiry")
    }

    /// The newest final header that a node has, proved, whatever its age: an idle network makes none, and a stalled one neither.
    package func provedHead() async throws -> BlockHeader {
        try await verifiedValue(NodeClient.anyKey, ageMillisecondsMax: .max).header
    }

    /// The receipt of a final transaction, with a proof that its block is final.
    package func provedReceipt(of digest: Digest) async throws -> ProvenReceipt {
        let proven = try await receipt(of: digest)
        let (node, header) = try await provedHeader(at: proven.header.height)
        guard header == proven.header else {
            throw ClientError.badAnswer(node: node, "a receipt of a block that is not the final one of its height")
        }
        return proven
    }

    /// A proved header later than `expiry`, the lowest that nodes lead to. Their times are only hints of where to look.
    private func provedEnd(below head: BlockHeader, after expiry: Timestamp) async throws -> BlockHeader {
        var (low, high) = (base?.height.value ?? 0, head.height.value)
        while low < high, high - low > 1 {
            let middle = low + (high - low) / 2
            do {
                let time = try await certificate(.height(Height(middle))).header.time
                if time > expiry { high = middle } else { low = middle }
            } catch is ClientError {
                // Not there any more: whatever is there is above.
                low = middle
            }
        }
        guard high < head.height.value else { return head }
        guard let (_, found) = try? await provedHeader(at: Height(high)), found.time > expiry else { return head }
        return found
    }

    /// The final header of a height, proved, and the node that proved it. The height must not lie before the epoch of the
    /// anchor that the client was made with.
    func provedHeader(at height: Height) async throws -> (node: String, header: BlockHeader) {
        let last = try trusted()
        let base = base ?? last
        return try await inRounds(passingRefusals: true) { index in
            let answer = try await ask(NodeRequest("/v1/blocks/\(height)/certificate"), of: index)
            let finality = try answer.read(.finality)
            // What was verified last leads there in fewer steps, unless it lies beyond.
            let trusted = last.epoch <= finality.header.epoch ? last : base
            let newest: ProofBundle = try await ask(
                proofRequest(NodeClient.anyKey, height, trusted.epoch), of: index
            ).decode()
            let bundle = ProofBundle(
                entries: [], header: finality.header, descendants: finality.descendants,
                finalization: finality.certificate,
                epochEnds: newest.epochEnds.filter { $0.header.epoch < finality.header.epoch })
            let found = try answer.verified(bundle, from: trusted, ageMillisecondsMax: .max)
            guard found.header.height == height else {
                throw ClientError.badAnswer(node: answer.node, "a block of another height")
            }
            return (answer.node, found.header)
        }
    }
}
