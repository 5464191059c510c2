internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Trading

/// Calls of the identity contract about the own partner: keys that act for it, meters, keys that sign readings.
struct PartnerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partner", abstract: "Delegate to keys, and bind meters and signing keys to the own partner.",
        discussion: "--key is the partner's operator key, or where roles suffice a key that it delegated to.",
        subcommands: [
            DelegateCommand.self, UndelegateCommand.self, RegisterMeterCommand.self, ConfirmMeterCommand.self,
            RetireMeterCommand.self, AddSigningKeyCommand.self, RevokeSigningKeyCommand.self,
        ])

    static func key(_ text: String) throws -> PublicKey {
        guard let key = PublicKey(text) else { throw UserError("'\(text)' is no public key (secp256k1:02…).") }
        return key
    }

    /// A key file that is there already is used as it is.
    static func publicKey(ofFile path: String) throws -> PublicKey {
        try (FileManager.default.fileExists(atPath: path) ? KeyFile.read(path) : KeyFile.create(at: path)).publicKey
    }

    /// The holder of a meter goes by the digest of the key that signs the consent.
    static func holder(_ text: String) throws -> Digest {
        if let key = PublicKey(text) { return Consent.holder(key) }
        guard let digest = Digest(hex: text) else {
            throw UserError("'\(text)' is no public key (secp256k1:02…) and no digest (64 hexadecimal digits) of one.")
        }
        return digest
    }

    struct DelegateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delegate", abstract: "Let a key send for the own partner with some of its roles, for a time.")
        @Option(help: "Key file of the delegate; made when there is none.") var to: String
        @Option(name: .customLong("role"), help: "Role of the partner that it may use; repeat for more.")
        var roles: [String]
        @Option(help: "Days until it ends, 1 to 365.") var days: UInt64 = 90
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard (1...365).contains(days) else { throw UserError("A delegation ends within 1 to 365 days.") }
            let roles = try GenesisPart.roleSet(roles)
            let key = try PartnerCommand.publicKey(ofFile: to)
            let expiry = Timestamp.wallClock.adding(milliseconds: days * 86_400_000)
            let call = Identity.delegate.call(
                on: WellKnown.identity,
                Delegate(key: key, roles: roles, expiry: expiry))
            try await GovCommand.send(call, "the delegation", connection, output) { result in
                "\(to) (\(key)) may send for the partner for \(days) days, final in block \(result.height)."
            }
        }
    }

    struct UndelegateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "undelegate", abstract: "Revoke a delegation at once.")
        @Argument(help: "Public key of the delegate, e.g. secp256k1:02….") var delegate: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let key = try PartnerCommand.key(delegate)
            let call = Identity.undelegate.call(on: WellKnown.identity, Undelegate(key: key))
            try await GovCommand.send(call, "ending the delegation", connection, output) { result in
                "\(key) may no longer send for the partner, final in block \(result.height)."
            }
        }
    }

    struct RegisterMeterCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "register-meter",
            abstract: "Register a meter; confirmed at once when the sender is its grid operator.")
        @Option(help: "Number of the meter.") var meter: UInt64
        @Option(help: "Partner that is the grid operator.") var gridOperator: String
        @Option(help: "Partner that may upload the readings.") var dataProvider: String
        @Option(help: "Public key with which the holder signs the consent, or SHA-256 of it (BCS).") var holder: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let call = Identity.registerMeter.call(
                on: WellKnown.identity,
                RegisterMeter(
                    meter: meter, gridOperator: gridOperator, dataProvider: dataProvider,
                    holder: try PartnerCommand.holder(holder)))
            try await GovCommand.send(call, "registering the meter", connection, output) { result in
                "Registered meter \(meter), final in block \(result.height)."
            }
        }
    }

    struct ConfirmMeterCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "confirm-meter", abstract: "Confirm, as the grid operator, that a meter is its holder's.")
        @Option(help: "Number of the meter.") var meter: UInt64
        @Option(help: "Public key with which the holder signs the consent, or SHA-256 of it (BCS).") var holder: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let call = Identity.confirmMeter.call(
                on: WellKnown.identity, ConfirmMeter(meter: meter, holder: try PartnerCommand.holder(holder)))
            try await GovCommand.send(call, "confirming the meter", connection, output) { result in
                "Confirmed meter \(meter), final in block \(result.height)."
            }
        }
    }

    struct RetireMeterCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retire-meter", abstract: "Retire, as the grid operator, a meter for ever.")
        @Option(help: "Number of the meter.") var meter: UInt64
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let call = Identity.retireMeter.call(on: WellKnown.identity, MeterID(meter: meter))
            try await GovCommand.send(call, "retiring the meter", connection, output) { result in
                "Retired meter \(meter), final in block \(result.height)."
            }
        }
    }

    struct AddSigningKeyCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-signing-key", abstract: "Register a key that signs batches of readings.")
        @Option(help: "Identifier of the own partner.") var partner: String
        @Option(help: "Key file that will sign; made when there is none.") var signingKey: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let key = try PartnerCommand.publicKey(ofFile: signingKey)
            let secret = try KeyFile.read(signingKey)
            let network = try await connection.nodes.with { try await $0.network() }
            let digest = AddSigningKey.signingDigest(network: network, partner: partner, key: key)
            let call = Identity.addSigningKey.call(
                on: WellKnown.identity, AddSigningKey(key: key, proof: secret.sign(digest)))
            try await GovCommand.send(call, "registering the signing key", connection, output) { result in
                "\(key) may sign readings of \(partner), final in block \(result.height)."
            }
        }
    }

    struct RevokeSigningKeyCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke-signing-key", abstract: "Revoke a signing key from now on, for ever.")
        @Argument(help: "The public key, e.g. secp256k1:02….") var revoked: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let key = try PartnerCommand.key(revoked)
            let call = Identity.revokeSigningKey.call(on: WellKnown.identity, RevokeSigningKey(key: key))
            try await GovCommand.send(call, "revoking the signing key", connection, output) { result in
                "\(key) may no longer sign readings, final in block \(result.height)."
            }
        }
    }
}
