package import Chain
internal import ContractKit
package import LightClient
package import Primitives

/// What a reader found out about whoever served it.
package enum ServingFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The data is not what was anchored and asked for.
    case slice(SliceFault)
    /// The proof of the chain's state does not hold, is too old, or says nothing about a record that decides.
    case proof(String)
    /// The data was served although the chain says that it may not be: no agreement, ended, revoked, deleted.
    case servedWithoutRight(AccessState.Hindrance, height: Height)

    package var description: String {
        switch self {
        case .slice(let fault): fault.description
        case .proof(let why): "the proof does not hold: \(why)"
        case .servedWithoutRight(let hindrance, let height):
            "the data was served without the right to it (state of block \(height)): \(hindrance)"
        }
    }
}

/// Checks a served slice as it arrives, trusting nobody but the genesis: that the chain, at a recent block, let this
/// account read this part for this purpose, and that the data is what was anchored, whole and unaltered.
package struct SliceVerifier: Sendable {
    /// How old the proved state may be. A node that hides a revocation can hide it for so long.
    package static let proofAgeMillisecondsUsual: UInt64 = 60_000

    /// What was proved about the chain, once the head has arrived.
    package struct Grant: Sendable {
        package let state: AccessState
        package let header: BlockHeader
        /// What to trust from now on in place of the genesis.
        package let trust: TrustAnchor
    }

    package let request: ReadRequest
    package private(set) var grant: Grant?
    private var reader: SliceReader
    private let trust: TrustAnchor
    private let now: Timestamp
    private let ageMillisecondsMax: UInt64

    /// `now` is the reader's own time.
    package init(
        _ request: ReadRequest, trust: TrustAnchor, now: Timestamp,
        ageMillisecondsMax: UInt64 = proofAgeMillisecondsUsual
    ) {
        self.request = request
        self.trust = trust
        self.now = now
        self.ageMillisecondsMax = ageMillisecondsMax
        reader = SliceReader(part: request.part, range: request.range)
    }

    package var header: PartHeader? { reader.head?.header }
    package var rowsRead: UInt64 { reader.rowsRead }
    package var contentOffset: UInt64 { reader.contentOffset }

    /// Takes what arrived; calls `chunk` with each chunk that has been checked.
    package mutating func append(
        _ bytes: some Sequence<UInt8>, chunk: (PartHeader, [UInt8]) throws -> Void
    ) throws {
        reader.append(bytes)
        do {
            if reader.head == nil {
                guard let head = try reader.readHead() else { return }
                let grant = try SliceVerifier.grant(
                    request, proof: head.proof, trust: trust, now: now, ageMillisecondsMax: ageMillisecondsMax)
                guard let anchor = grant.state.anchor else { throw ServingFault.proof("there is no anchor") }
                try reader.check(
                    head: head, anchor: PartAnchor(digest: anchor.digest, root: anchor.root, count: anchor.count))
                self.grant = grant
            }
            guard let header = reader.head?.header else { return }
            while let bytes = try reader.readChunk() { try chunk(header, bytes) }
        } catch let fault as SliceFault {
            throw ServingFault.slice(fault)
        }
    }

    /// To be called at the end of the bytes.
    package func finish() throws(ServingFault) {
        do throws(SliceFault) { try reader.finish() } catch { throw .slice(error) }
    }

    /// Checks that a proof bundle (BCS) gives the account the right to read at the bundle's own block.
    package static func grant(
        _ request: ReadRequest, proof: [UInt8], trust: TrustAnchor, now: Timestamp, ageMillisecondsMax: UInt64
    ) throws(ServingFault) -> Grant {
        let verified: VerifiedProofBundle
        do {
            verified = try ProofBundle(bcs: proof).verify(from: trust, now: now, ageMillisecondsMax: ageMillisecondsMax)
        } catch { throw .proof("\(error)") }
        let state: AccessState
        do {
            state = try AccessState.read(request.question, part: request.part) { key in
                guard let entry = verified.entry(key) else {
                    throw ServingFault.proof("it says nothing about a record that decides")
                }
                return entry.value
            }.state
        } catch let fault as ServingFault {
            throw fault
        } catch { throw .proof("a proved record does not decode: \(error)") }
        if let hindrance = state.hindrance(request.question, at: verified.header.time) {
            throw .servedWithoutRight(hindrance, height: verified.header.height)
        }
        return Grant(state: state, header: verified.header, trust: verified.anchor)
    }
}
