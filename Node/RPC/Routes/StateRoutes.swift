internal import Chain
internal import LightClient
internal import NodeClient
internal import Primitives

/// The state, key by key, with proofs that need no trust in the node.
struct StateRoutes: RouteModule {
    let service: any NodeService
    let configuration: APIConfiguration

    let tag = "State"
    let tagDescription =
        "Values by key in the newest final state or an older one, and proofs of them or of their absence."

    private let key = CommonParameters.key
    private let proof = ParameterKey<String>(
        "proof", .query, .word(["0", "1"]), "1: with the proof bundle, which is checked with the genesis alone.")
    private let height = ParameterKey<Height>(
        "height", .query, .counter,
        "Reads the newest state at most at this height that the node keeps; the answer names its height. States are kept at checkpoints, some 16 blocks apart, and for as long as the node's operator chose."
    )
    private let minimumHeight = CommonParameters.minimumHeight
    private let fromEpoch = ParameterKey<Epoch>(
        "fromEpoch", .query, .counter,
        "With proof=1: the epoch that the reader trusts from earlier proofs; the bundle leaves out what led there. 0, the genesis, when left out."
    )

    var endpoints: [Endpoint] { [read, validators, epochs] }

    private var read: Endpoint {
        Endpoint(
            .get, "/v1/state/{key}", operation: "getState", summary: "Value of a key",
            details: "An absent key has the value null in JSON; as bytes without a proof it is 404.",
            parameters: [
                key.declaration, proof.declaration, height.declaration, minimumHeight.declaration,
                fromEpoch.declaration,
            ],
            answers: [
                Endpoint.Answer(
                    200, "The value, or with proof=1 the bundle that proves it.",
                    [
                        .json(JSONCoder<StateAnswer>.stateAnswer.schema),
                        .bytes("The value; with proof=1 the BCS of the proof bundle."),
                    ],
                    headers: [
                        Endpoint.Header(
                            "Commonwatt-Height", JSONCoder<String>.text(max: 20).schema,
                            "Height of the state that was read.")
                    ])
            ],
            problems: [.notFound, .tooManyEpochs, .pruned, .behind]
        ) { request in
            let key = try request.value(key)
            let height = request[height]
            let least = request[minimumHeight] ?? Height(0)
            try await service.reach(max(least, height ?? least), configuration)
            let answer =
                request[proof] == "1"
                ? try await proven(key, at: height, atLeast: height == nil ? least : Height(0), request)
                : try await plain(key, at: height, request)
            return answer.uncached
        }
    }

    private func plain(_ key: [UInt8], at height: Height?, _ request: APIRequest) async throws -> APIAnswer {
        let read = try await service.value(key, at: height)
        let height = String(read.height.value)
        guard request.wantsBytes else {
            return APIAnswer.json(StateAnswer(key: key, read: read, proof: nil), .stateAnswer)
                .with("Commonwatt-Height", height)
        }
        guard let value = read.value else {
            throw Problem(
                .notFound, "The state of height \(height) has no such key. Ask with proof=1 to have that proved.",
                headers: [(name: "Commonwatt-Height", value: height)])
        }
        return .bytes(value).with("Commonwatt-Height", height)
    }

    private func proven(
        _ key: [UInt8], at height: Height?, atLeast least: Height, _ request: APIRequest
    ) async throws -> APIAnswer {
        let bundle = try await service.proof([key], at: height, from: request[fromEpoch] ?? Epoch(0))
        guard bundle.header.height >= least else {
            throw Problem(.behind, "The newest provable state is of height \(bundle.header.height). Try again soon.")
                .retrying(afterSeconds: 1)
        }
        let height = String(bundle.header.height.value)
        if request.wantsBytes { return .bytes(bundle.bcs).with("Commonwatt-Height", height) }
        let value = bundle.entries.first { $0.key == key }?.value
        let read = StateValue(height: bundle.header.height, value: value)
        return APIAnswer.json(StateAnswer(key: key, read: read, proof: bundle), .stateAnswer)
            .with("Commonwatt-Height", height)
    }

    private let ended = ParameterKey<Epoch>("epoch", .path, .counter, "The epoch that the reader trusts.")

    /// For who was away while the validators changed more often than one bundle can show.
    private var epochs: Endpoint {
        Endpoint(
            .get, "/v1/epochs/{epoch}", operation: "getEpochs", summary: "Proof of the epochs after one",
            details:
                "A proof bundle without keys. Its header is the last one of an epoch: of the newest that has ended, or of that which lies \(ProofBundle.epochEndsMax) above the given one. Verified, whatever its age, it gives the next epoch to trust.",
            parameters: [ended.declaration],
            answers: [
                Endpoint.Answer(
                    200, "The bundle.",
                    [.json(JSONCoder<ProofBundle>.proofBundle.schema), .bytes("The BCS of the proof bundle.")])
            ],
            problems: [.notFound, .pruned]
        ) { request in
            let epoch = try request.value(ended)
            guard let bundle = try await service.epochs(from: epoch) else {
                throw Problem(.notFound, "Epoch \(epoch) has not ended at this node.")
            }
            return (request.wantsBytes ? .bytes(bundle.bcs) : APIAnswer.json(bundle, .proofBundle)).uncached
        }
    }

    private let epoch = ParameterKey<Epoch>("epoch", .query, .counter, "The current one when left out.")

    private var validators: Endpoint {
        Endpoint(
            .get, "/v1/validators", operation: "getValidators", summary: "Validators of an epoch",
            parameters: [epoch.declaration],
            answers: [Endpoint.Answer(200, "The validators.", [.json(JSONCoder<EpochInfo>.epochInfo.schema)])],
            problems: [.notFound, .pruned]
        ) { request in
            let wanted = request[epoch]
            guard let info = try await service.validators(wanted) else {
                throw Problem(.notFound, "Epoch \(wanted?.value ?? 0) has not begun at this node.")
            }
            return APIAnswer.json(info, .epochInfo).uncached
        }
    }
}

extension NodeService {
    /// Waits a moment for a height, so that a caller reads what it wrote; 503 when the node does not get there.
    func reach(_ height: Height, _ configuration: APIConfiguration) async throws {
        guard height > Height(0) else { return }
        let patience = min(configuration.requestMillisecondsMax / 2, 5_000)
        let final = try await finalHeight(reaching: height, waitingMilliseconds: patience)
        guard final < height else { return }
        throw Problem(
            .behind, "This node is at height \(final), below the minimumHeight \(height). Try again, or another node."
        ).retrying(afterSeconds: 1)
    }
}
