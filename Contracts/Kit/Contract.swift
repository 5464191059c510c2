package import Primitives

/// A contract: a Swift type without stored state, whose declarations are static.
///
///     package enum Registry: Contract {
///         package static let name = "registry"
///         package static let version: UInt32 = 1
///         package static let summary = "Values under keys, each owned by the partner that wrote it first."
///
///         static let entries = StorageMap<Pair<String, String>, [UInt8]>(1, "entries")
///         static let tooLong = RejectionKind(100, "too-long", "the value is above 256 bytes")
///         static let stored = EventKind<Put>(1, "stored", "A value was stored.")
///         static let put = Method<Put, Nothing>(1, "put", "Stores a value.") { (context, put) throws(Rejection) in … }
///
///         package static var calls: [CallDeclaration] { [put.declaration] }
///         package static var events: [EventDeclaration] { [stored.declaration] }
///         package static var rejections: [RejectionKind] { [tooLong] }
///     }
///
/// Rules for authors: no globals that change, no floating point, no iteration over Dictionary or Set, all arithmetic
/// by `checked(…)`, all loops bounded, and `context.spend(_:)` for long pure computations.
package protocol Contract {
    /// Lower-case letters and hyphens, at most 32 bytes.
    static var name: String { get }
    /// Rises with every change of behaviour. Old versions stay in the release while an instance or replay needs them.
    static var version: UInt32 { get }
    static var summary: String { get }
    /// Runs once, when an instance is created; a `Method` with number 0. Nil when it needs no arguments.
    static var initialize: CallDeclaration? { get }
    static var calls: [CallDeclaration] { get }
    static var queries: [CallDeclaration] { get }
    static var events: [EventDeclaration] { get }
    static var rejections: [RejectionKind] { get }
    /// Collections, so that tools in other languages find the state key of a record.
    static var storage: [StorageDeclaration] { get }
    /// Whether any partner may create an instance through `instances`; contracts that check in `initialize` say true.
    static var isInstantiable: Bool { get }
}

extension Contract {
    package static var initialize: CallDeclaration? { nil }
    package static var queries: [CallDeclaration] { [] }
    package static var events: [EventDeclaration] { [] }
    package static var storage: [StorageDeclaration] { [] }
    package static var isInstantiable: Bool { false }
}

/// A contract as a value: what a release carries and the host dispatches to.
package struct ContractDefinition: Sendable {
    package static let nameBytesMax = 32

    package let name: String
    package let version: UInt32
    package let summary: String
    /// SHA-256 over the contract's sources (see `ContractSuite`), which validators report and governance approves.
    package let sources: Digest
    package let isInstantiable: Bool
    package let initialize: CallDeclaration?
    /// Ascending by number.
    package let calls: [CallDeclaration]
    package let queries: [CallDeclaration]
    package let events: [EventDeclaration]
    package let rejections: [RejectionKind]
    package let storage: [StorageDeclaration]

    package init(_ type: (some Contract).Type, sources: Digest) {
        name = type.name
        version = type.version
        summary = type.summary
        self.sources = sources
        isInstantiable = type.isInstantiable
        initialize = type.initialize
        calls = type.calls.sorted { $0.number < $1.number }
        queries = type.queries.sorted { $0.number < $1.number }
        events = type.events.sorted { $0.number < $1.number }
        rejections = type.rejections.sorted { $0.code < $1.code }
        storage = type.storage.sorted { $0.number < $1.number }
    }

    package func call(_ number: UInt16) -> CallDeclaration? { ContractDefinition.find(number, in: calls) }
    package func query(_ number: UInt16) -> CallDeclaration? { ContractDefinition.find(number, in: queries) }

    private static func find(_ number: UInt16, in list: [CallDeclaration]) -> CallDeclaration? {
        // Contracts number their calls 1, 2, 3, …, so the first guess is nearly always right.
        let guess = Int(number) - 1
        if list.indices.contains(guess), list[guess].number == number { return list[guess] }
        return list.first { $0.number == number }
    }
}

/// A version of a contract with the digest of its sources, as validators report it and governance approves it.
package struct ContractVersion: ContractValue, Hashable {
    package let name: String
    package let version: UInt32
    package let sources: Digest

    package init(_ name: String, _ version: UInt32, sources: Digest) {
        self.name = name
        self.version = version
        self.sources = sources
    }

    package static let shape = Shape.fields(
        "ContractVersion", ("name", .text(max: ContractDefinition.nameBytesMax)), ("version", .u32),
        ("sources", .digest))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(name)
        encoder.u32(version)
        encoder.fixed(sources)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        name = try decoder.string(max: ContractDefinition.nameBytesMax)
        version = try decoder.u32()
        sources = try decoder.digest()
    }
}

extension ContractDefinition {
    package var contractVersion: ContractVersion { ContractVersion(name, version, sources: sources) }
}
