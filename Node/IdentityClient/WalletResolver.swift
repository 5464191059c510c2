internal import Chain
internal import Encodings
internal import LightClient
internal import NodeClient
internal import Primitives
internal import Resolver

/// For wallets in Swift: resolves `did:cwatt` and AnonCreds objects through any node of a network, and trusts none of
/// them. All it starts from is the network's genesis file.
///
///     let resolver = try WalletResolver(nodes: ["https://node.example"], genesis: bytes, trusted: kept)
///     let answer = try await resolver.resolve("did:cwatt:pilot:Qm…")
///     kept = resolver.trustedState
///     await resolver.shutdown()
public final class WalletResolver: Sendable {
    /// What the chain says, proved.
    public struct Answer: Sendable, Hashable {
        public enum Status: Sendable, Hashable {
            case found
            case deactivated
            /// Proved not to be there.
            case absent
        }
        public let status: Status
        /// Canonical JSON of the document or object; empty unless found.
        public let json: [UInt8]
        /// Number of this version and of the newest; 0 when absent.
        public let versionID: UInt32
        public let latestVersionID: UInt32
        /// Final block that the proof leads to, and its time in milliseconds since 1970.
        public let height: UInt64
        public let milliseconds: UInt64
    }

    /// Why there is no answer, in words for people.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// A node lied or its proof does not hold; false when no node answered.
        public let isRefusal: Bool
        public let description: String
    }

    private let client: NodeClient
    private let reader: IdentityReader

    /// `genesis`: the bytes of the network's genesis file in either form, JSON as the tools write it or BCS as nodes serve
    /// it. `ageSecondsMax`: the oldest state that is believed. `trusted`: the `trustedState` of an earlier use of the same
    /// network; nothing older than that is believed then, whatever its age.
    public init(
        nodes: [String], genesis bytes: [UInt8], ageSecondsMax: UInt64 = 60, trusted: [UInt8]? = nil
    ) throws {
        let genesis: Genesis
        do {
            // BCS begins with the format's version, which is no brace.
            genesis = try bytes.first == UInt8(ascii: "{") ? Genesis(file: bytes) : Genesis(bcs: bytes)
            let anchor = try trusted.map { try TrustAnchor(bcs: $0) } ?? TrustAnchor(genesis)
            guard anchor.network == genesis.network else {
                throw Failure(isRefusal: false, description: "the trusted state is of another network than the genesis")
            }
            client = try NodeClient(nodes: nodes, anchor: anchor)
        } catch {
            throw Failure(isRefusal: false, description: "\(error)")
        }
        let (milliseconds, overflow) = ageSecondsMax.multipliedReportingOverflow(by: 1_000)
        reader = IdentityReader(
            client: client, networkName: genesis.name, ageMillisecondsMax: overflow ? .max : milliseconds)
    }

    /// A DID, or the DID URL of an object; `versionID` asks for an older version, `minimumHeight` for a state that has
    /// what was written by then.
    public func resolve(
        _ target: String, versionID: UInt32? = nil, minimumHeight: UInt64 = 0
    ) async throws -> Answer {
        do {
            let verified = try await reader.resolve(
                target, versionID.map { .number($0) } ?? .latest, minimumHeight: Height(minimumHeight))
            let (status, json): (Answer.Status, [UInt8]) =
                switch verified.outcome {
                case .content(let bytes): (.found, bytes)
                case .deactivated: (.deactivated, [])
                case .absent: (.absent, [])
                }
            return Answer(
                status: status, json: json, versionID: verified.version, latestVersionID: verified.latest,
                height: verified.header.height.value, milliseconds: verified.header.time.value)
        } catch let refusal as ResolutionRefusal {
            throw Failure(isRefusal: true, description: refusal.description)
        } catch {
            throw Failure(isRefusal: false, description: "\(error)")
        }
    }

    /// What the answers so far were proved by: some kilobytes, no secret, to be kept where nobody else can write. Nil before
    /// the first answer that was.
    public var trustedState: [UInt8]? { client.anchor.flatMap { $0.header == nil ? nil : $0.bcs } }

    public func shutdown() async { try? await client.shutdown() }
}
