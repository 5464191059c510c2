internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import OperatorFiles
internal import Primitives
internal import Transport

/// What one partner contributes to a genesis: who it is, its public keys, and proof that it holds the secret ones.
/// Each partner makes its own part where its keys lie; no secret ever travels.
struct GenesisPart: Codable, Sendable {
    /// Network that the part is for: it cannot be used in another one.
    let network: String
    let partner: String
    let name: String
    let roles: [String]
    let operatorKey: String
    /// Absent when the partner runs no validator.
    let consensusKey: String?
    let transportKey: String?
    let operatorSignature: String
    let consensusSignature: String?

    /// What both keys sign: BCS of all fields above in order, under its own domain.
    private static func message(
        _ network: String, _ partner: String, _ name: String, _ roles: Roles, _ operatorKey: PublicKey,
        _ validator: Validator?
    ) -> Digest {
        var encoder = BCSEncoder()
        encoder.string(network)
        encoder.string(partner)
        encoder.string(name)
        encoder.value(roles)
        encoder.value(operatorKey)
        encoder.option(validator)
        return SigningDomain.digest(SigningDomain.genesisPart, encoder.bytes)
    }

    init(network: String, partner: String, name: String, roles: [String], keys: NodeKeys, isValidator: Bool) throws {
        let set = try GenesisPart.roleSet(roles)
        let validator =
            isValidator
            ? Validator(
                partner: partner, consensusKey: keys.consensus.publicKey, transportKey: keys.transport.peer) : nil
        let digest = GenesisPart.message(network, partner, name, set, keys.operatorKey.publicKey, validator)
        self.network = network
        self.partner = partner
        self.name = name
        self.roles = roles
        operatorKey = keys.operatorKey.publicKey.description
        consensusKey = validator?.consensusKey.description
        transportKey = validator?.transportKey.description
        operatorSignature = Hex.encode(keys.operatorKey.sign(digest).bytes)
        consensusSignature = validator.map { _ in Hex.encode(keys.consensus.sign(digest).bytes) }
    }

    /// Checks form and signatures, as the contracts will; says which part and what is wrong.
    func checked() throws -> (partner: Partner, validator: Validator?) {
        func refuse(_ why: String) -> UserError { UserError("The genesis part of '\(partner)' \(why).") }
        let set = try GenesisPart.roleSet(roles)
        if let problem = GenesisPart.problem(
            network: network, partner: partner, name: name, roles: set, isValidator: consensusKey != nil)
        {
            throw UserError(problem)
        }
        guard let key = PublicKey(operatorKey) else { throw refuse("has a malformed operator key") }
        var validator: Validator?
        if let consensusKey {
            guard let consensus = PublicKey(consensusKey), consensus.scheme == .secp256k1 else {
                throw refuse("has a malformed consensus key")
            }
            guard let transport = transportKey.flatMap(Digest.init(hex:)) else {
                throw refuse("has a malformed transport key")
            }
            validator = Validator(partner: partner, consensusKey: consensus, transportKey: transport)
        }
        let digest = GenesisPart.message(network, partner, name, set, key, validator)
        guard let signature = Hex.decode(operatorSignature).flatMap(Signature.init),
            SignatureVerifier.verify(signature, by: key, over: digest)
        else { throw refuse("is not signed by its operator key: it was changed after it was made") }
        if let validator {
            guard let signature = consensusSignature.flatMap(Hex.decode).flatMap(Signature.init),
                SignatureVerifier.verify(signature, by: validator.consensusKey, over: digest)
            else { throw refuse("is not signed by its consensus key") }
        }
        return (Partner(id: partner, name: name, roles: set, keys: [key]), validator)
    }

    /// The first thing that would keep the contracts from taking such a partner; nil when nothing does.
    static func problem(network: String, partner: String, name: String, roles: Roles, isValidator: Bool) -> String? {
        func isPlain(_ text: String, max: Int) -> Bool {
            (1...max).contains(text.utf8.count)
                && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        }
        guard isPlain(network, max: Genesis.nameBytesMax) else {
            return "'\(network)' is no name of a network: 1 to \(Genesis.nameBytesMax) of a-z, 0-9 and hyphen."
        }
        guard isPlain(partner, max: Partner.idBytesMax) else {
            return "'\(partner)' is no identifier of a partner: 1 to \(Partner.idBytesMax) of a-z, 0-9 and hyphen."
        }
        guard (1...Partner.nameBytesMax).contains(name.utf8.count) else {
            return "The full name of the partner '\(partner)' must have 1 to \(Partner.nameBytesMax) bytes."
        }
        if roles.isEmpty { return "The partner '\(partner)' has no role; name one with --role." }
        if isValidator, !roles.contains(.validator) {
            return
                "The partner '\(partner)' runs a validator, which needs the role validator: add it, or say --no-validator."
        }
        return nil
    }

    static func roleSet(_ names: [String]) throws -> Roles {
        var set: Roles = []
        for name in names {
            guard let role = Roles.named.first(where: { $0.name == name })?.role else {
                let known = Roles.named.map(\.name).joined(separator: ", ")
                throw UserError("'\(name)' is no role; roles are \(known).")
            }
            set.formUnion(role)
        }
        return set
    }

    static func read(_ path: String) throws -> GenesisPart {
        try JSONFile.read(GenesisPart.self, path, "genesis part")
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try NewFile.write(try encoder.encode(self) + Data("\n".utf8), to: path)
    }
}
