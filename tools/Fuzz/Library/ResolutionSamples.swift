internal import Chain
internal import Identity
internal import LedgerCrypto
internal import LedgerState
internal import LightClient
internal import NodeClient
internal import Primitives
internal import Resolver

/// True answers of a resolver, of a chain with one validator and one block that holds a DID: what the verifier of wallets
/// reads from nodes that nobody trusts.
struct ResolutionSamples {
    /// No state lies below the one in memory.
    private struct EmptyStore: KeyValueReader {
        func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { nil }
        func scan(
            from start: [UInt8], to end: [UInt8], limit: Int, reversed: Bool
        ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] { [] }
    }

    static let network = "fuzz"
    static let time = Timestamp(1_767_225_600_000)

    let verifier: ResolutionVerifier
    let did: String
    /// A DID that the state does not hold.
    let unknown: String
    private let genesis: Genesis
    private let secret: Secp256k1.SecretKey
    private let state: StateSnapshot
    private let document: [UInt8]

    init(_ content: DocumentContent) throws {
        guard let secret = Secp256k1.SecretKey(SHA256.hash([9]).bytes) else { throw StorageFailure("no key") }
        self.secret = secret
        genesis = Genesis(
            name: ResolutionSamples.network, time: ResolutionSamples.time, parameters: ChainParameters(),
            validators: try ValidatorSet([
                Validator(partner: "aurora", consensusKey: secret.publicKey, transportKey: .zero)
            ]), application: [1])
        let name = content.did(network: ResolutionSamples.network, nextKey: nil)
        did = name.description
        unknown = DID(network: ResolutionSamples.network, digest: SHA256.hash([3])).description
        document = content.document(of: name)
        let version = ObjectVersion(
            content: SHA256.hash(document), byteCount: UInt32(clamping: document.count), time: ResolutionSamples.time,
            height: Height(1), ending: 0, nextKey: nil)
        let changes = [
            StateChange(
                key: RegistryKeys.head(did), value: ObjectHead(kind: .document, owner: name.digest).bcs),
            StateChange(key: RegistryKeys.version(did, 1), value: version.bcs),
        ]
        state = try StateSnapshot.empty(over: EmptyStore()).applying(
            changes.sorted { $0.key.lexicographicallyPrecedes($1.key) }, version: Height(1))
        verifier = ResolutionVerifier(networkName: ResolutionSamples.network, anchor: TrustAnchor(genesis))
    }

    private func proof(_ keys: [[UInt8]]) throws -> String {
        let parent = genesis.header(stateRoot: .zero)
        let header = BlockHeader(
            network: genesis.network, height: Height(1), view: View(1), epoch: Epoch(0), parent: parent.digest,
            parentView: parent.view, time: ResolutionSamples.time, proposer: 0,
            transactionsRoot: Block.transactionsRoot([]), stateRoot: state.root, receiptsRoot: Receipt.root([]),
            validatorSet: genesis.validators.digest, nextValidatorSet: genesis.validators.digest)
        let vote = VotePayload(
            network: genesis.network, epoch: Epoch(0), kind: .finalize, view: header.view, digest: header.digest)
        let certificate = Certificate(
            epoch: Epoch(0), kind: .finalize, view: header.view, digest: header.digest,
            entries: [Certificate.Entry(signer: 0, signature: secret.sign(vote.signingDigest))])
        let entries = try keys.map { key in
            guard let proof = try state.prove(key) else { throw StorageFailure("the state is empty") }
            return ProofBundle.Entry(key: key, proof: proof)
        }
        let bundle = ProofBundle(
            entries: entries, header: header, descendants: [], finalization: certificate, epochEnds: [])
        return String(decoding: JSONCoder<ProofBundle>.proofBundle.encode(bundle).compact, as: UTF8.self)
    }

    /// Found, and not found.
    func answers() throws -> [[UInt8]] {
        let text = String(decoding: document, as: UTF8.self)
        let metadata =
            #"{"created":"\#(DateTime.text(ResolutionSamples.time))","proof":"#
            + (try proof([RegistryKeys.head(did), RegistryKeys.version(did, 1)])) + #","versionId":"1"}"#
        let error = #"{"type":"\#(ResolutionProblem.Kind.notFound.type)","title":"no","status":404}"#
        let absence = try proof([RegistryKeys.head(unknown)])
        return [
            #"{"didDocument":\#(text),"didDocumentMetadata":\#(metadata),"didResolutionMetadata":{}}"#,
            #"{"didDocument":null,"didDocumentMetadata":{},"didResolutionMetadata":{"error":\#(error),"proof":\#(absence)}}"#,
        ].map { Array($0.utf8) }
    }

    /// Whether the answer is believed for either DID. What is believed of the one in the state is its document.
    func isBelieved(_ answer: [UInt8]) throws(Finding) -> Bool {
        var isBelieved = false
        for target in [did, unknown] {
            let found = try? verifier.verify(answer, for: target, now: ResolutionSamples.time)
            guard let found else { continue }
            isBelieved = true
            guard found.outcome == (target == did ? .content(document) : .absent) else {
                throw Finding(decoder: "resolution answer", bytes: answer, text: "a lie about \(target) is believed")
            }
        }
        return isBelieved
    }
}
