internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Writes results of resolution and dereferencing: each member once, in its place.
struct ResultWriter: Sendable {
    /// `,"network":"…","time":"`: the same in every answer of a node.
    private let network: [UInt8]

    init(network: Digest) { self.network = Array(",\"network\":\"\(network)\",\"time\":\"".utf8) }

    /// `proof` is a JSON text.
    func result(_ draft: Resolver.Draft, _ proof: [UInt8]?) -> [UInt8] {
        let object = draft.object
        let copies = draft.isDereferencing ? 2 : 1
        var out: [UInt8] = []
        out.reserveCapacity(copies * draft.content.count + (proof?.count ?? 0) + 512)
        out.append(draft.isDereferencing ? "{\"content\":" : "{\"didDocument\":")
        out.append(json: draft.content)
        out.append(draft.isDereferencing ? ",\"contentMetadata\":" : ",\"didDocumentMetadata\":")
        append(metadataOf: object, proof, to: &out)
        if draft.isDereferencing {
            out.append(",\"contentStream\":")
            out.append(json: draft.content)
        }
        out.append(
            draft.isDereferencing
                ? ",\"dereferencingMetadata\":{\"contentType\":" : ",\"didResolutionMetadata\":{\"contentType\":")
        let isDocument = !draft.isDereferencing || (object.head.kind == .document && !draft.content.isEmpty)
        out.append(isDocument ? "\"application/did\"" : "\"application/did-url-dereferencing\"")
        out.append(",\"freshness\":")
        append(freshness: object.height, object.time, to: &out)
        out.append("}}")
        return out
    }

    /// `created`, `updated`, `versionId`, `nextUpdate`, `nextVersionId`, `deactivated` as DID Core has them, and `proof`.
    private func append(metadataOf object: ResolvedObject, _ proof: [UInt8]?, to out: inout [UInt8]) {
        out.append("{\"created\":\"")
        DateTime.append(object.first.time, to: &out)
        if object.head.isDeactivated { out.append("\",\"deactivated\":true") } else { out.append("\"") }
        if let next = object.next {
            out.append(",\"nextUpdate\":\"")
            DateTime.append(next.time, to: &out)
            out.append("\",\"nextVersionId\":\"")
            out.append(decimal: UInt64(object.number) + 1)
            out.append("\"")
        }
        if object.number > 1 {
            out.append(",\"updated\":\"")
            DateTime.append(object.version.time, to: &out)
            out.append("\"")
        }
        out.append(",\"versionId\":\"")
        out.append(decimal: UInt64(object.number))
        out.append("\"")
        if let proof {
            out.append(",\"proof\":")
            out.append(contentsOf: proof)
        }
        out.append("}")
    }

    /// Which final state the answer is of; the proof's header proves it.
    func freshness(_ height: Height, _ time: Timestamp) -> [UInt8] {
        var out: [UInt8] = []
        append(freshness: height, time, to: &out)
        return out
    }

    private func append(freshness height: Height, _ time: Timestamp, to out: inout [UInt8]) {
        out.append("{\"height\":")
        out.append(decimal: height.value)
        out.append(contentsOf: network)
        DateTime.append(time, to: &out)
        out.append("\"}")
    }
}

extension [UInt8] {
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// A JSON text; nothing is `null`.
    fileprivate mutating func append(json text: [UInt8]) {
        if text.isEmpty { append("null") } else { append(contentsOf: text) }
    }

    mutating func append(decimal value: UInt64) {
        append(contentsOf: String(value).utf8)
    }
}
