internal import Primitives

/// Why the read models cannot answer or go on.
package enum ReadModelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Disk or database.
    case storage(String)
    /// The blocks do not follow each other, or are those of another network.
    case otherChain(String)
    /// A final block's event does not decode: this program is older than the contract that wrote it.
    case unreadable(String)
    /// The search text has no words.
    case emptySearch

    package var description: String {
        switch self {
        case .storage(let why): "the read models' database failed: \(why)"
        case .otherChain(let why): "the read models belong to another chain: \(why)"
        case .unreadable(let why): "the read models cannot read an event: \(why)"
        case .emptySearch: "the search has no word of letters or digits"
        }
    }
}
