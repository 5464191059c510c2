internal import Chain
internal import NodeClient
internal import Primitives

/// Final blocks, their receipts and what makes them final.
struct BlockRoutes: RouteModule {
    static let headersMax: UInt64 = 100

    let service: any NodeService
    let configuration: APIConfiguration

    let tag = "Blocks"
    let tagDescription = "Final blocks by height, digest or `latest`; receipts; the certificates that make them final."

    private let from = ParameterKey<Height>("from", .query, .counter, "First height; the newest ones when left out.")
    private let limit = ParameterKey<UInt64>("limit", .query, .number(1...headersMax), "How many; 20 when left out.")
    private let reference = CommonParameters.reference

    var endpoints: [Endpoint] { [list, block, receipts, certificate] }

    private struct HeaderList: Sendable {
        let final: Height
        let headers: [BlockHeader]
        static let coder = JSONCoder<HeaderList>.object(
            "HeaderList", "Headers of final blocks, ascending by height.",
            field("finalHeight", { $0.final }, .counter, "The newest final height at this node."),
            field("headers", { $0.headers }, JSONCoder<BlockHeader>.header.list(max: Int(headersMax)))
        ) { HeaderList(final: $0, headers: $1) }
    }

    private var list: Endpoint {
        Endpoint(
            .get, "/v1/blocks", operation: "listBlocks", summary: "Headers of final blocks",
            parameters: [from.declaration, limit.declaration],
            answers: [Endpoint.Answer(200, "Headers, ascending by height.", [.json(HeaderList.coder.schema)])],
            problems: [.pruned]
        ) { request in
            let final = try await service.finalHeight(reaching: Height(0), waitingMilliseconds: 0)
            let count = request[limit] ?? 20
            let newest = final.value >= count - 1 ? final.value - (count - 1) : 0
            var at = request[from] ?? Height(newest)
            var headers: [BlockHeader] = []
            while headers.count < Int(count), at <= final {
                guard let header = try await service.header(.height(at)) else { break }
                headers.append(header)
                at = at.next
            }
            return APIAnswer.json(HeaderList(final: final, headers: headers), HeaderList.coder).uncached
        }
    }

    private var block: Endpoint {
        Endpoint(
            .get, "/v1/blocks/{reference}", operation: "getBlock", summary: "A final block",
            parameters: [reference.declaration],
            answers: [
                Endpoint.Answer(
                    200, "The block.",
                    [.json(JSONCoder<Block>.block.schema), .bytes("BCS of header and transactions.")]),
                .notModified,
            ],
            problems: [.notFound, .pruned]
        ) { request in
            let found = try await find(request)
            let answer: APIAnswer = request.wantsBytes ? .bytes(found.block.bcs) : .json(found.block, .block)
            return try kept(answer, found.header, request)
        }
    }

    private func find(_ request: APIRequest) async throws -> ExecutedBlock {
        guard let found = try await service.block(try request.value(reference)) else { throw unknown(request) }
        return found
    }

    private func unknown(_ request: APIRequest) -> Problem {
        let name = request.parameters[reference.name] ?? ""
        return Problem(.notFound, "There is no final block \(name.prefix(80)) at this node; it may become final later.")
    }

    // What a height or digest names never changes; `latest` does.
    private func kept(_ answer: APIAnswer, _ header: BlockHeader, _ request: APIRequest) throws -> APIAnswer {
        let tagged =
            try request.value(reference) == .latest
            ? answer.with("Cache-Control", "no-cache").tagged(header.digest.description)
            : answer.immutable(tag: header.digest.description)
        return tagged.with("Commonwatt-Height", String(header.height.value))
    }

    private struct ReceiptList: Sendable {
        let header: BlockHeader
        let receipts: [Receipt]
        static let receiptsMax = 1 << 20
        static let coder = JSONCoder<ReceiptList>.object(
            "ReceiptList", "All receipts of a block: scheduled calls first, then one per transaction.",
            field("header", { $0.header }, .header),
            field("receipts", { $0.receipts }, JSONCoder<Receipt>.receipt.list(max: receiptsMax))
        ) { ReceiptList(header: $0, receipts: $1) }
    }

    private var receipts: Endpoint {
        Endpoint(
            .get, "/v1/blocks/{reference}/receipts", operation: "getBlockReceipts", summary: "Receipts of a block",
            parameters: [reference.declaration],
            answers: [
                Endpoint.Answer(
                    200, "The receipts; their Merkle root stands in the header.",
                    [.json(ReceiptList.coder.schema), .bytes("BCS vector of receipts.")]),
                .notModified,
            ],
            problems: [.notFound, .pruned]
        ) { request in
            let found = try await find(request)
            var encoder = BCSEncoder()
            if request.wantsBytes { encoder.vector(found.receipts) }
            let answer: APIAnswer =
                request.wantsBytes
                ? .bytes(encoder.bytes)
                : .json(ReceiptList(header: found.header, receipts: found.receipts), ReceiptList.coder)
            return try kept(answer, found.header, request)
        }
    }

    private var certificate: Endpoint {
        Endpoint(
            .get, "/v1/blocks/{reference}/certificate", operation: "getFinality", summary: "Why a block is final",
            details: "Block 0 has no certificate: the genesis itself certifies it.",
            parameters: [reference.declaration],
            answers: [
                Endpoint.Answer(
                    200, "A finalization of the block or of a descendant.",
                    [.json(JSONCoder<Finality>.finality.schema)])
            ],
            problems: [.notFound, .pruned]
        ) { request in
            guard let header = try await service.header(try request.value(reference)) else { throw unknown(request) }
            guard let finality = try await service.finality(header.height) else {
                throw Problem(.notFound, "Block \(header.height) has no certificate: the genesis itself certifies it.")
            }
            return APIAnswer.json(finality, .finality).with("Cache-Control", "no-cache")
        }
    }
}
