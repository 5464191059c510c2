internal import Chain
internal import ContractKit
internal import Dispatch
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Signed operations of many organisations, sent by the partners that endorse.
struct IdentityLoad {
    struct Organisation {
        let index: Int

        func seed(_ turn: Int) -> [UInt8] { SHA256.hash(Array("bench/\(index)/\(turn)".utf8)).bytes }
        func key(_ turn: Int) -> PublicKey? { Ed25519.publicKey(seed: seed(turn)) }

        func content(_ turn: Int) -> DocumentContent {
            let keys = key(turn).map {
                DocumentKey(
                    "key-\(2 * turn + 1)", .signing($0), [.authentication, .assertionMethod, .capabilityInvocation])
            }
            let agreement = X25519.publicKey(secret: seed(turn)).map {
                DocumentKey("key-\(2 * turn + 2)", .agreement($0), .keyAgreement)
            }
            return DocumentContent(
                keys: [keys, agreement].compactMap { $0 },
                services: [
                    DocumentService(
                        "agent", type: "DIDCommMessaging", endpoint: "https://agent-\(index).example/didcomm",
                        accept: ["didcomm/v2"])
                ])
        }
    }

    let network: LocalNetwork
    let id: Digest
    let name: String

    func did(_ organisation: Organisation) -> DID { organisation.content(0).did(network: name, nextKey: nil) }

    private func signer(_ organisation: Organisation) -> OperationSigner {
        OperationSigner(network: id, name: name) { key, digest in
            for turn in 0...1 where organisation.key(turn) == key {
                return Ed25519.sign(digest.bytes, seed: organisation.seed(turn))
            }
            return nil
        }
    }

    func creates(_ organisations: [Organisation]) -> [Transaction] {
        transactions(organisations) { organisation in
            signer(organisation).create(organisation.content(0)).map {
                Identity.create.call(on: WellKnown.identity, $0)
            }
        }
    }

    func updates(_ organisations: [Organisation]) -> [Transaction] {
        transactions(organisations) { organisation in
            guard let key = organisation.key(0) else { return nil }
            return signer(organisation).update(
                did(organisation).digest, from: 1, to: organisation.content(1), known: [key], by: key
            ).map { Identity.update.call(on: WellKnown.identity, $0) }
        }
    }

    private func transactions(
        _ organisations: [Organisation], _ call: @Sendable (Organisation) -> Call?
    ) -> [Transaction] {
        let expiry = Timestamp.wallClock.adding(milliseconds: 540_000)
        let salt = UInt64.random(in: 0...UInt64.max / 2)
        // The first three partners of the local network endorse.
        let keys = network.keys.prefix(3)
        let slots = Slots<Transaction>(organisations.count)
        DispatchQueue.concurrentPerform(iterations: organisations.count) { index in
            let key = keys[index % keys.count]
            guard let call = call(organisations[index]) else { return }
            let body = TransactionBody(
                network: id, sender: key.publicKey, expiry: expiry, salt: salt + UInt64(index), calls: [call])
            if let transaction = try? Transaction(signing: body, with: key) { slots.set(index, transaction) }
        }
        return slots.values
    }
}
