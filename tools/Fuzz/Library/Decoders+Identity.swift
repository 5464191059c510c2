internal import Encodings
internal import Identity
internal import LedgerCrypto
internal import Primitives
internal import Resolver

extension Decoders {
    /// What wallets and resolvers send: documents, canonical JSON, DID URLs, registry records.
    static func identity() throws -> [Decoder] {
        let keys = Ed25519.publicKey(seed: [UInt8](repeating: 7, count: 32)).map {
            [DocumentKey("key-1", .signing($0), .capabilityInvocation)]
        }
        let content = DocumentContent(
            keys: (keys ?? []) + [DocumentKey("key-2", .agreement(SHA256.hash([1])), .keyAgreement)],
            controllers: [.zero],
            aliases: ["https://a.example"],
            services: [
                DocumentService(
                    "agent", type: "DIDCommMessaging", endpoint: "https://a.example/x", accept: ["didcomm/v2"],
                    routingKeys: ["did:key:z6Mk#z6Mk"])
            ])
        let did = content.did(network: "fuzz", nextKey: nil)
        let samples = try ResolutionSamples(content)
        let version = ObjectVersion(
            content: .zero, byteCount: 9, time: Timestamp(1), height: Height(2), ending: 2, nextKey: .zero)
        let head = ObjectHead(kind: .revocationList, owner: .zero, latest: 3, capacity: 20)
        let state = RevocationState(accumulator: "21 1A", revoked: [1, 2, 3])
        let urls = ["", "/anoncreds/v1/SCHEMA/a/1.0", "?service=agent&relativeRef=%2Fx", "#key-1"].map {
            Array((did.description + $0).utf8)
        }
        return [
            Decoder("resolution answer", isText: true, try samples.answers()) { (bytes) throws(Finding) in
                try samples.isBelieved(bytes)
            },
            .bcs("DID document content", DocumentContent.self, [content.bcs]),
            .bcs("registry head", ObjectHead.self, [head.bcs]),
            .bcs("registry version", ObjectVersion.self, [version.bcs]),
            .bcs("revocation state", RevocationState.self, [state.bcs]),
            Decoder(
                "canonical JSON", isText: true,
                [content.document(of: did), Array("{\"a\":[1,-2,\"\\u000f\",null,true,{}]}".utf8)]
            ) { (bytes) throws(Finding) in
                guard let form = (try? JSON(parsing: bytes))?.canonical() else { return false }
                guard (try? JSON(parsing: form))?.canonical() == form else {
                    throw Finding(decoder: "canonical JSON", bytes: bytes, text: "its canonical form is not canonical")
                }
                return true
            },
            Decoder("DID URL", isText: true, urls) { (bytes) throws(Finding) in
                guard let text = String(validating: bytes, as: UTF8.self), let url = try? DIDURL(text) else {
                    return false
                }
                if let parsed = DID(url.did), parsed.description != url.did {
                    throw Finding(decoder: "DID URL", bytes: bytes, text: "a second form of a DID")
                }
                return true
            },
            Decoder(
                "multibase", isText: true, [Array("zHello".utf8), Array("uSGVsbG8".utf8), Array("f00ff".utf8)]
            ) { (bytes) throws(Finding) in
                guard let text = String(validating: bytes, as: UTF8.self) else { return false }
                return Multibase.decode(text) != nil
            },
        ]
    }
}
