internal import Chain
internal import Consensus
internal import ContractKit
internal import LedgerState
internal import LightClient
internal import Primitives
internal import Replica
internal import Simulator

/// The decoders of bytes from outside, with samples from simulated networks.
package enum Decoders {
    package static func all() throws -> [Decoder] {
        var scenario = Scenario.calm(validators: 4, followers: 1, seconds: 3)
        scenario.traitors = [Scenario.Traitor(node: 1, kind: .doubleVoter)]
        scenario.plan(.changeValidators, atMilliseconds: 1_200)
        scenario.plan(.crash(2, downMicroseconds: 900_000), atMilliseconds: 700)
        scenario.submissionMicroseconds = 30_000
        let run = try Simulation.record(scenario)
        return try peers(run) + chain(run) + proofs(run) + lake() + data() + json(run) + files(run) + contracts(run)
            + identity()
    }

    private static func peers(_ run: Recording) -> [Decoder] {
        var consensus: [[UInt8]] = []
        var requests: [[UInt8]] = []
        var responses: [[UInt8]] = []
        var hellos: [[UInt8]] = []
        for packet in run.packets {
            switch try? PeerMessage.decode(packet) {
            case .consensus(let message, _): consensus.append(message.bcs)
            case .request(let request, _): requests.append(request.bcs)
            case .response(let response, _): responses.append(response.bcs)
            case .hello(let hello): hellos.append(hello.bcs)
            case .transactions, nil: break
            }
        }
        return [
            .bcs("peer message", PeerMessage.self, run.packets),
            .bcs("consensus message", ConsensusMessage.self, consensus),
            .bcs("fetch request", FetchRequest.self, requests), .bcs("fetch response", FetchResponse.self, responses),
            .bcs("hello", Hello.self, hellos),
            Decoder("journal record", run.journal) { (bytes) throws(Finding) in
                guard let again = try? ReplicaJournal.rewritten(bytes) else { return false }
                guard again == bytes else {
                    throw Finding(decoder: "journal record", bytes: bytes, text: "a second encoding")
                }
                return true
            },
        ]
    }

    static func blocks(_ run: Recording) -> [Block] { run.stored.compactMap { try? Block(bcs: $0) } }

    private static func chain(_ run: Recording) -> [Decoder] {
        let blocks = blocks(run)
        let transactions = blocks.flatMap(\.transactions)
        let certificates = run.stored.compactMap { try? Certificate(bcs: $0) } + run.bundles.map(\.finalization)
        return [
            Decoder("transaction", transactions.map(\.bytes)) { (bytes) throws(Finding) in
                guard let transaction = try? Transaction(bytes: bytes) else { return false }
                guard transaction.bytes == bytes else {
                    throw Finding(decoder: "transaction", bytes: bytes, text: "a second encoding")
                }
                return true
            },
            .bcs("block", Block.self, blocks.map(\.bcs)), .bcs("header", BlockHeader.self, blocks.map(\.header.bcs)),
            .bcs("certificate", Certificate.self, certificates.map(\.bcs)),
            .bcs("receipt", Receipt.self, run.receipts.map(\.bcs)),
            .bcs("validator set", ValidatorSet.self, [run.genesis.validators.bcs]),
            .bcs("genesis", Genesis.self, [run.genesis.bcs]),
        ]
    }

    private static func proofs(_ run: Recording) -> [Decoder] {
        let protobuf = run.bundles.flatMap(\.entries).map(\.proof.protobuf)
        return [
            Decoder("ICS-23 proof (protobuf)", protobuf) { (bytes) throws(Finding) in
                guard let proof = try? CommitmentProof(protobuf: bytes) else { return false }
                guard proof.protobuf == bytes else {
                    throw Finding(decoder: "ICS-23 proof", bytes: bytes, text: "a second encoding")
                }
                return true
            },
            .bcs("proof bundle (BCS)", ProofBundle.self, run.bundles.map(\.bcs)),
        ]
    }
}
