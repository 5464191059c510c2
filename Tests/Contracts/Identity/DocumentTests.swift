import Chain
import ContractHost
import ContractKit
import Encodings
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite struct DocumentTests {
    let acme = Organisation(name: "acme")

    @Test func aDocumentLivesFromCreationToItsEnd() throws {
        var bench = try Consortium.identityBench()
        let signer = acme.signer(bench)
        let (did, url) = (acme.did.digest, acme.did.description)
        #expect(url.hasPrefix("did:cwatt:bench:Qm"))
        #expect(DID(url) == acme.did)
        #expect(bench.identity(Identity.create, signer.create(acme.content)) == nil)
        let first = try bench.text(url, 1)
        #expect(first == acme.content.document(of: acme.did))
        #expect(try bench.version(url, 1)?.content == SHA256.hash(first))
        // The identifier certifies the first document: put an empty id in its place to get what it is the digest of.
        let text = String(decoding: first, as: UTF8.self).replacing(url, with: "did:cwatt:bench:")
        let operation = "{\"document\":\(text),\"operation\":\"create\"}"
        #expect(SHA256.hash(Array(operation.utf8)) == did)

        let next = acme.rotated(to: "other")
        let known = [acme.ed25519()]
        let update = signer.update(did, from: 1, to: next, known: known, by: acme.ed25519())
        #expect(bench.identity(Identity.update, update) == nil)
        // The old key lost its power, the new one has it; what was there stays readable.
        let back = signer.update(did, from: 2, to: acme.content, known: [], by: acme.ed25519())
        #expect(bench.identity(Identity.update, back) == Identity.notController.code)
        #expect(try bench.text(url, 1) == first)
        #expect(try bench.version(url, 2)?.height.next == bench.height)
        let end = signer.deactivate(did, at: 2, by: acme.ed25519("other"))
        #expect(bench.identity(Identity.deactivate, end) == nil)
        #expect(try bench.head(url)?.isDeactivated == true)
        #expect(try bench.version(url, 3)?.ending == 1)
        let revived = signer.update(did, from: 3, to: next, known: [], by: acme.ed25519("other"))
        #expect(bench.identity(Identity.update, revived) == Identity.documentDeactivated.code)
        #expect(bench.identity(Identity.create, signer.create(acme.content)) == Identity.documentExists.code)
    }

    @Test func ofTwoConcurrentUpdatesOneWins() throws {
        var bench = try Consortium.identityBench()
        let signer = acme.signer(bench)
        let did = acme.did.digest
        #expect(bench.identity(Identity.create, signer.create(acme.content)) == nil)
        let rivals = ["other", "agent"].compactMap {
            signer.update(did, from: 1, to: acme.rotated(to: $0), known: [acme.ed25519()], by: acme.ed25519())
        }
        #expect(rivals.count == 2)
        // Both in one block, by two partners.
        let receipts = try bench.runBlock(
            zip(rivals, ["aurora", "borealis"]).map { update, partner in
                try bench.transaction([Identity.update.call(on: WellKnown.identity, update)], as: partner)
            })
        #expect(receipts.map { $0.rejection?.code } == [nil, Identity.versionConflict.code])
        #expect(receipts[1].rejection?.text.contains("the newest is 2") == true)
        // A replay and a stale version are refused, whoever sends them.
        #expect(bench.identity(Identity.update, rivals[0], as: "cygnus") == Identity.versionConflict.code)
        #expect(bench.identity(Identity.update, rivals[1], as: "cygnus") == Identity.versionConflict.code)
        #expect(try bench.head(acme.did.description)?.latest == 2)
    }

    @Test func onlyTheCommittedKeyChangesTheDocument() throws {
        var bench = try Consortium.identityBench()
        let signer = acme.signer(bench)
        let commitment = OperationDigest.commitment(to: acme.ed25519("next"))
        let did = acme.content.did(network: "bench", nextKey: commitment).digest
        #expect(bench.identity(Identity.create, signer.create(acme.content, nextKey: commitment)) == nil)
        let known = [acme.ed25519()]
        // Who stole the present key can neither rotate nor end the DID.
        let theft = signer.update(did, from: 1, to: acme.rotated(to: "other"), known: known, by: acme.ed25519())
        #expect(bench.identity(Identity.update, theft) == Identity.commitmentBroken.code)
        let end = signer.deactivate(did, at: 1, by: acme.ed25519())
        #expect(bench.identity(Identity.deactivate, end) == Identity.commitmentBroken.code)
        let update = signer.update(
            did, from: 1, to: acme.rotated(to: "next"), known: known, by: acme.ed25519("next"))
        #expect(bench.identity(Identity.update, update) == nil)
        // No new commitment was made, so that an ordinary control key serves from now on.
        let later = signer.deactivate(did, at: 2, by: acme.ed25519("next"))
        #expect(bench.identity(Identity.deactivate, later) == nil)
    }

    @Test func controllersMayChangeTheDocumentWhileTheyLive() throws {
        var bench = try Consortium.identityBench()
        let holding = Organisation(name: "holding")
        let both = OperationSigner(network: bench.network, name: "bench") { key, digest in
            acme.sign(key, digest) ?? holding.sign(key, digest)
        }
        let content = DocumentContent(keys: acme.rotated(to: "agent").keys, controllers: [holding.did.digest])
        let did = content.did(network: "bench", nextKey: nil).digest
        #expect(bench.identity(Identity.create, both.create(content)) == Identity.controllerUnknown.code)
        #expect(bench.identity(Identity.create, both.create(holding.content)) == nil)
        #expect(bench.identity(Identity.create, both.create(content)) == nil)
        let known = content.keys.compactMap(\.signing)
        let update = both.update(did, from: 1, to: content, known: known, by: holding.ed25519())
        #expect(bench.identity(Identity.update, update) == nil)
        let end = both.deactivate(holding.did.digest, at: 1, by: holding.ed25519())
        #expect(bench.identity(Identity.deactivate, end) == nil)
        let late = both.deactivate(did, at: 2, by: holding.ed25519())
        #expect(bench.identity(Identity.deactivate, late) == Identity.notController.code)
    }

    @Test func theCouncilEndsADIDByTwoThirds() throws {
        var bench = try Consortium.identityBench()
        let did = acme.did.digest
        #expect(bench.identity(Identity.create, acme.signer(bench).create(acme.content)) == nil)
        let vote = VoteDeactivation(did: did, reason: 3)
        #expect(bench.identity(Identity.vote, vote, as: "gridco") == HostRejection.notAuthorised.code)
        let odd = VoteDeactivation(did: did, reason: 1)
        #expect(bench.identity(Identity.vote, odd) == Identity.reasonUnknown.code)
        #expect(bench.identity(Identity.vote, vote) == nil)
        #expect(bench.identity(Identity.vote, vote) == Identity.votedBefore.code)
        #expect(bench.identity(Identity.vote, VoteDeactivation(did: did, reason: 2), as: "borealis") == nil)
        #expect(bench.identity(Identity.vote, vote, as: "cygnus") == nil)
        #expect(try bench.head(acme.did.description)?.isDeactivated == false)
        // Borealis comes round to the reason of the others: three of four.
        #expect(bench.identity(Identity.vote, vote, as: "borealis") == nil)
        #expect(try bench.head(acme.did.description)?.isDeactivated == true)
        #expect(try bench.version(acme.did.description, 2)?.ending == 3)
        #expect(bench.identity(Identity.vote, vote, as: "draco") == Identity.documentDeactivated.code)
    }

    /// A vote lapses after 30 days: it decides nothing years later, and may be cast again.
    @Test func votesToEndADIDLapse() throws {
        var bench = try Consortium.identityBench()
        #expect(bench.identity(Identity.create, acme.signer(bench).create(acme.content)) == nil)
        let vote = VoteDeactivation(did: acme.did.digest, reason: 3)
        for member in ["aurora", "borealis"] { #expect(bench.identity(Identity.vote, vote, as: member) == nil) }
        bench.advance(milliseconds: 30 * 86_400_000)
        #expect(bench.identity(Identity.vote, vote, as: "cygnus") == nil)
        #expect(try bench.head(acme.did.description)?.isDeactivated == false)
        for member in ["aurora", "borealis"] { #expect(bench.identity(Identity.vote, vote, as: member) == nil) }
        #expect(try bench.head(acme.did.description)?.isDeactivated == true)
    }

    @Test func possessionAndSignaturesAreChecked() throws {
        var bench = try Consortium.identityBench()
        let signer = acme.signer(bench)
        let good = try #require(signer.create(acme.content))
        #expect(bench.identity(Identity.create, good, as: "gridco") == HostRejection.notAuthorised.code)
        let none = CreateDocument(content: good.content, nextKey: nil, proofs: [])
        #expect(bench.identity(Identity.create, none) == Identity.possessionNotProved.code)
        // A signature for another network is none here.
        let elsewhere = OperationSigner(network: .zero, name: "bench", sign: acme.sign)
        #expect(bench.identity(Identity.create, elsewhere.create(acme.content)) == Identity.possessionNotProved.code)
        #expect(bench.identity(Identity.create, good) == nil)
        let did = acme.did.digest
        let update = try #require(
            signer.update(did, from: 1, to: acme.rotated(to: "other"), known: [acme.ed25519()], by: acme.ed25519()))
        let unproved = UpdateDocument(
            did: did, previous: 1, content: update.content, nextKey: nil, authorisation: update.authorisation,
            proofs: [update.authorisation.signature])
        #expect(bench.identity(Identity.update, unproved) == Identity.possessionNotProved.code)
        let forged = UpdateDocument(
            did: did, previous: 1, content: update.content, nextKey: nil,
            authorisation: Authorisation(key: acme.ed25519(), signature: update.proofs[0]), proofs: update.proofs)
        #expect(bench.identity(Identity.update, forged) == Identity.signatureWrong.code)
        let unknown = signer.deactivate(.zero, at: 1, by: acme.ed25519())
        #expect(bench.identity(Identity.deactivate, unknown) == Identity.documentUnknown.code)
    }

    @Test func endorsementsComeAndGo() throws {
        var bench = try Consortium.identityBench()
        let id = DocumentID(did: acme.did.digest)
        #expect(bench.identity(Identity.endorse, id) == Identity.documentUnknown.code)
        #expect(bench.identity(Identity.create, acme.signer(bench).create(acme.content)) == nil)
        #expect(bench.identity(Identity.endorse, id) == Identity.endorsedBefore.code)
        #expect(bench.identity(Identity.endorse, id, as: "metrics") == HostRejection.notAuthorised.code)
        #expect(bench.identity(Identity.endorse, id, as: "borealis") == nil)
        #expect(bench.identity(Identity.withdraw, id) == nil)
        #expect(bench.identity(Identity.withdraw, id) == Identity.endorsementUnknown.code)
        #expect(bench.identity(Identity.endorse, id) == nil)
    }

    // MARK: Refused documents

    static let key = DocumentKey("key-1", .signing(Organisation(name: "acme").ed25519()), Organisation.control)
    static let agreement = Organisation(name: "acme").agreement

    static func service(
        _ endpoint: String = "https://a.example/x", type: String = "LinkedDomains", accept: [String] = [],
        routing: [String] = []
    ) -> DocumentContent {
        DocumentContent(
            keys: [key],
            services: [DocumentService("s", type: type, endpoint: endpoint, accept: accept, routingKeys: routing)])
    }

    static func alias(_ text: String) -> DocumentContent { DocumentContent(keys: [key], aliases: [text]) }

    static let refused: [(DocumentContent, UInt16)] = [
        (DocumentContent(keys: []), Identity.nobodyControls.code),
        (
            DocumentContent(keys: [DocumentKey("a b", key.material, Organisation.control)]), Identity.labelWrong.code
        ),
        (DocumentContent(keys: [key, DocumentKey("key-1", .agreement(agreement), .keyAgreement)]), 121),
        (DocumentContent(keys: [key, DocumentKey("key-2", key.material, .authentication)]), 122),
        (DocumentContent(keys: [key, DocumentKey("key-2", .agreement(agreement), .authentication)]), 123),
        (DocumentContent(keys: [DocumentKey("key-1", key.material, [.keyAgreement, .capabilityInvocation])]), 123),
        (DocumentContent(keys: [key, DocumentKey("key-2", .agreement(.zero), .keyAgreement)]), 124),
        (DocumentContent(keys: [key], controllers: [.zero]), 129),
        (DocumentContent(keys: [key], controllers: [.zero, .zero]), 129),
        (service("http://a.example/x"), 127), (service("https://a.example/x?name=jane"), 127),
        (service("https://jane@a.example/x"), 127), (service("https://a.example/x#jane"), 127),
        (service("https://a.example/Jane Doe"), 127), (service("https://localhost/x"), 127), (service(""), 127),
        (service("did:web:a.example"), 127), (service("https://a..example/"), 127),
        (service(type: "Call Jane Doe"), 126), (service(type: ""), 126), (service(accept: ["all of it"]), 126),
        (service(routing: ["jane@example.org"]), 126), (alias("mailto:jane@example.org"), 128),
        (alias("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"), 128), (alias("tel:+4512345678"), 128),
        (alias("https://social.example/jane"), 128), (alias("Jane Doe"), 128), (alias("did:web:a.example:jane"), 128),
        (
            DocumentContent(
                keys: [key],
                services: (0..<16).map { number in
                    DocumentService(
                        "s\(number)", type: "LinkedDomains",
                        endpoint: "https://a.example/" + String(repeating: "x", count: 220),
                        routingKeys: (0..<4).map { _ in "did:web:" + String(repeating: "y", count: 180) })
                }), 130
        ),
    ]

    @Test(arguments: refused.indices) func documentsAgainstTheRulesAreRefused(index: Int) throws {
        var bench = try Consortium.identityBench()
        let (content, code) = Self.refused[index]
        #expect(bench.identity(Identity.create, acme.signer(bench).create(content)) == code)
        #expect(bench.lastReceipt?.events.isEmpty == true)
    }

    @Test func documentsWithinTheRulesAreTaken() throws {
        let key = acme.secp256k1
        let contents = [
            Self.service(
                "https://a.example:8443/didcomm", type: "DIDCommMessaging", accept: ["didcomm/v2"],
                routing: ["did:key:z6Mk#z6Mk"]),
            Self.service("https://192.0.2.7/"), Self.alias("https://a.example"), Self.alias("did:web:a.example"),
            DocumentContent(keys: [DocumentKey("k", .signing(key), [.capabilityInvocation, .assertionMethod])]),
        ]
        for content in contents {
            var bench = try Consortium.identityBench()
            #expect(bench.identity(Identity.create, acme.signer(bench).create(content)) == nil)
        }
    }
}
