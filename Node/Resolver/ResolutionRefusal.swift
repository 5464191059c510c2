package import LightClient
internal import NodeClient
package import Primitives

/// Why an answer of a resolver is not to be believed.
package enum ResolutionRefusal: Error, Hashable, Sendable {
    /// No result of resolution or dereferencing.
    case malformed(String)
    /// The node gave another error than "not found", which nothing proves.
    case failed(type: String, detail: String)
    /// The DID names another network than the genesis.
    case otherNetwork(String)
    case proofMissing
    /// The certificate, a state proof or the age is wrong.
    case proofRefused(ProofBundleError)
    /// The bundle says nothing about a record that the answer rests on.
    case recordMissing(String)
    case belowMinimum(Height, wanted: Height)
    /// The registry has a newer version than the one given as the newest.
    case oldVersion(given: UInt32, latest: UInt32)
    case otherVersion(given: UInt32)
    /// The document is not the one whose digest the registry has.
    case documentChanged
    case deactivationHidden
    case falselyDeactivated
    /// "Not found", though the registry has it.
    case falselyAbsent
    /// A document of something that the registry does not have.
    case invented
    /// The first document is not the one that the DID is the digest of.
    case notSelfCertified
    case metadataWrong(String)
}

extension ResolutionRefusal: CustomStringConvertible {
    package var description: String { words.shown }

    private var words: String {
        switch self {
        case .malformed(let what): "the answer is no resolution result: \(what)"
        case .failed(let type, let detail): "the node did not resolve it: \(detail) (\(type))"
        case .otherNetwork(let name): "the DID belongs to the network \(name), not to that of the genesis"
        case .proofMissing: "the answer carries no proof"
        case .proofRefused(let why): "the proof does not hold: \(why)"
        case .recordMissing(let what): "the proof says nothing about the \(what)"
        case .belowMinimum(let height, let wanted): "the proof is of height \(height), \(wanted) was asked for"
        case .oldVersion(let given, let latest): "version \(given) is given as the newest, but that is \(latest)"
        case .otherVersion(let given): "version \(given) is not the one that was asked for"
        case .documentChanged: "the document is not the one that the registry holds: it was changed"
        case .deactivationHidden: "the DID is deactivated, and the answer hides it"
        case .falselyDeactivated: "the DID is not deactivated, but the answer says so"
        case .falselyAbsent: "the registry holds what the node says is not there"
        case .invented: "the registry does not hold what the node gives"
        case .notSelfCertified: "the first document is not the one that the DID is the digest of"
        case .metadataWrong(let name): "\(name) in the metadata is not what the registry says"
        }
    }
}
