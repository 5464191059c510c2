package import Chain
internal import Foundation
package import LightClient
package import Primitives

extension NodeClient {
    /// What a node says of itself. With an anchor, a node of another network than the anchor's is refused.
    package func nodeStatus() async throws -> NodeStatus {
        try await ask(NodeRequest("/v1/status")) { (answer) -> NodeStatus in
            let status = try answer.read(.nodeStatus)
            if let anchor, status.network != anchor.network {
                throw ClientError.otherNetwork(
                    node: answer.node, found: status.network, name: status.networkName, trusted: anchor.network)
            }
            return status
        }
    }

    /// The network that is signed for: the anchor's, when the first node that answers says no other; without an anchor it is
    /// that node's word.
    package func network() async throws -> Digest { try await nodeStatus().network }

    /// The genesis as a node has it. Trust it only if its network id is known from elsewhere; with an anchor it is checked
    /// to be the anchor's.
    package func genesis() async throws -> Genesis {
        try await ask(NodeRequest("/v1/genesis", accept: NodeRequest.bytes)) { (answer) -> Genesis in
            let genesis: Genesis = try answer.decode()
            if let anchor, genesis.network != anchor.network {
                throw ClientError.otherNetwork(
                    node: answer.node, found: genesis.network, name: genesis.name, trusted: anchor.network)
            }
            return genesis
        }
    }

    /// A final block, of the first node that has it. One asked for by digest is checked to have it; whether it is final is
    /// the node's word.
    package func block(_ reference: BlockReference) async throws -> Block {
        let path = "/v1/blocks/\(reference.text)"
        let request = NodeRequest(path, accept: NodeRequest.bytes)
        return try await ask(request, passingRefusals: true) { (answer) -> Block in
            let block: Block = try answer.decode()
            switch reference {
            case .digest(let digest) where block.digest != digest:
                throw ClientError.badAnswer(node: answer.node, "another block")
            case .height(let height) where block.header.height != height:
                throw ClientError.badAnswer(node: answer.node, "a block of another height")
            default: return block
            }
        }
    }

    /// Receipts of a final block; with `header` given, they are checked to be those of its root.
    package func receipts(_ reference: BlockReference, of header: BlockHeader? = nil) async throws -> [Receipt] {
        let path = "/v1/blocks/\(reference.text)/receipts"
        return try await ask(NodeRequest(path, accept: NodeRequest.bytes)) { (answer) -> [Receipt] in
            var decoder = BCSDecoder(answer.body)
            guard let receipts: [Receipt] = try? decoder.vector(max: NodeClient.receiptsMax), decoder.remaining == 0
            else { throw ClientError.badAnswer(node: answer.node, "no list of receipts") }
            guard header.map({ Receipt.root(receipts) == $0.receiptsRoot }) ?? true else {
                throw ClientError.badAnswer(node: answer.node, "receipts that are not those of the header")
            }
            return receipts
        }
    }

    private static let receiptsMax = 1 << 20

    package func certificate(_ reference: BlockReference) async throws -> Finality {
        let request = NodeRequest("/v1/blocks/\(reference.text)/certificate")
        return try await ask(request, passingRefusals: true) { try $0.read(.finality) }
    }

    /// Validators of an epoch, of the current one for nil.
    package func validators(_ epoch: Epoch? = nil) async throws -> EpochInfo {
        let query = epoch.map { "?epoch=\($0)" } ?? ""
        return try await ask(NodeRequest("/v1/validators\(query)")) { try $0.read(.epochInfo) }
    }

    /// A value on the node's word. `minimumHeight` gives read-your-writes.
    package func value(_ key: [UInt8], minimumHeight: Height = Height(0)) async throws -> StateValue {
        let path = "/v1/state/\(Hex.encode(key))?minimumHeight=\(minimumHeight)"
        return try await ask(NodeRequest(path)) { (answer) -> StateValue in
            let read = try answer.read(.stateAnswer)
            guard read.key == key, read.read.height >= minimumHeight else {
                throw ClientError.badAnswer(node: answer.node, "another key or an older state")
            }
            return read.read
        }
    }

    /// A value of an older state on the node's word: of the newest one at most at `height` that the node keeps, whose
    /// height the answer names. A problem of status 410 when it keeps none so old.
    package func value(_ key: [UInt8], at height: Height) async throws -> StateValue {
        try await ask(NodeRequest("/v1/state/\(Hex.encode(key))?height=\(height)")) { (answer) -> StateValue in
            let read = try answer.read(.stateAnswer)
            guard read.key == key, read.read.height <= height else {
                throw ClientError.badAnswer(node: answer.node, "another key or a newer state")
            }
            return read.read
        }
    }

    /// The proof bundle of a key in an older state, not verified; as `value(_:at:)`. For a reader that trusts `epoch`.
    package func proof(_ key: [UInt8], at height: Height, from epoch: Epoch = Epoch(0)) async throws -> ProofBundle {
        let path = "/v1/state/\(Hex.encode(key))?proof=1&height=\(height)&fromEpoch=\(epoch)"
        return try await ask(NodeRequest(path, accept: NodeRequest.bytes)) { try $0.decode() }
    }

    /// The proof bundle of a key, not verified, for a reader that trusts `epoch`.
    package func proof(
        _ key: [UInt8], minimumHeight: Height = Height(0), from epoch: Epoch = Epoch(0)
    ) async throws -> ProofBundle {
        try await ask(proofRequest(key, minimumHeight, epoch)) { try $0.decode() }
    }

    func proofRequest(_ key: [UInt8], _ minimumHeight: Height, _ epoch: Epoch) -> NodeRequest {
        let query = "proof=1&minimumHeight=\(minimumHeight)&fromEpoch=\(epoch)"
        return NodeRequest("/v1/state/\(Hex.encode(key))?\(query)", accept: NodeRequest.bytes)
    }

    /// A value, or its absence, verified from the genesis (or the newer header that this client has verified): the node
    /// is not trusted, and the next one is asked when its proof does not hold. `ageMillisecondsMax` bounds how old the state
    /// may be by this machine's clock. Never a state below `floor`.
    package func verifiedValue(
        _ key: [UInt8], minimumHeight: Height = Height(0), ageMillisecondsMax: UInt64 = 60_000
    ) async throws -> VerifiedProofBundle {
        do {
            return try await proved(key, minimumHeight, ageMillisecondsMax)
        } catch let refusal as ClientError where refusal.isOfAnAnswer {
            // Where the validators changed more often than one proof can show, no honest node has one yet, and what another one
            // said last tells nothing.
            guard try await catchUp() else { throw refusal }
            return try await proved(key, minimumHeight, ageMillisecondsMax)
        }
    }

    private func proved(
        _ key: [UInt8], _ minimumHeight: Height, _ ageMillisecondsMax: UInt64
    ) async throws -> VerifiedProofBundle {
        let anchor = try trusted()
        let least = max(minimumHeight, floor)
        let verified = try await ask(proofRequest(key, least, anchor.epoch), passingRefusals: true) {
            (answer) -> VerifiedProofBundle in
            let found = try answer.verified(from: anchor, ageMillisecondsMax: ageMillisecondsMax)
            guard found.entry(key) != nil, found.header.height >= least else {
                throw ClientError.badAnswer(node: answer.node, "a proof of another key or an older state")
            }
            return found
        }
        advance(to: verified.anchor)
        return verified
    }

    /// Goes from the trusted epoch to the newest one that the nodes can show, in as many steps as that takes. Whether it got
    /// further: a step that leads nowhere is the last one.
    package func catchUp() async throws -> Bool {
        let start = anchor?.epoch
        while let anchor {
            let next: TrustAnchor
            do {
                let request = NodeRequest("/v1/epochs/\(anchor.epoch)", accept: NodeRequest.bytes)
                next = try await ask(request, passingRefusals: true) { (answer) -> TrustAnchor in
                    let found = try answer.verified(from: anchor, ageMillisecondsMax: .max).anchor
                    // The next node may know more.
                    guard found.epoch > anchor.epoch else {
                        throw ClientError.badAnswer(node: answer.node, "epochs that lead nowhere")
                    }
                    return found
                }
            } catch is ClientError {
                break
            }
            advance(to: next)
        }
        return anchor?.epoch != start
    }

    /// Asks a contract instance a read-only query, on the node's word. A refusal is `ClientError.problem`.
    package func query(
        _ instance: Address, _ number: UInt16, arguments: [UInt8], minimumHeight: Height = Height(0)
    ) async throws -> [UInt8] {
        let path =
            "/v1/contracts/\(instance)/queries/\(number)?arguments=\(Hex.encode(arguments))"
            + "&minimumHeight=\(minimumHeight)"
        return try await ask(NodeRequest(path, accept: NodeRequest.bytes)).body
    }

    /// JSON of the interface of an instance's contract.
    package func contractInterface(_ instance: Address) async throws -> JSONValue {
        try await ask(NodeRequest("/v1/contracts/\(instance)")) { try $0.json() }
    }

    /// A read of a path that another module added to the nodes' API; the answer's bytes as they are.
    package func get(_ path: String, accept: String = "application/json") async throws -> [UInt8] {
        try await ask(NodeRequest(path, accept: accept)).body
    }
}

extension BlockReference {
    /// As it stands in a path.
    package var text: String {
        switch self {
        case .latest: "latest"
        case .height(let height): "\(height)"
        case .digest(let digest): "\(digest)"
        }
    }
}
