internal import Encodings

/// The form of an answer that an Accept header asks for.
package enum Representation: Hashable, Sendable {
    /// The whole result, by the old media type, which is what clients without a wish get: some read only `+json`.
    case oldResult
    case result
    case dereferencing
    /// The bare document, under this media type.
    case document(String)
    case json

    package static let oldResultType = "application/ld+json;profile=\"https://w3id.org/did-resolution\""
    package static let resultType = "application/did-resolution"
    package static let dereferencingType = "application/did-url-dereferencing"
    package static let documentTypes = ["application/did", "application/did+json", "application/did+ld+json"]

    package var mediaType: String {
        switch self {
        case .oldResult: Representation.oldResultType
        case .result: Representation.resultType
        case .dereferencing: Representation.dereferencingType
        case .document(let type): type
        case .json: "application/json"
        }
    }

    /// Whether the answer carries metadata, and so a proof.
    package var isResult: Bool {
        switch self {
        case .oldResult, .result, .dereferencing: true
        case .document, .json: false
        }
    }

    package static let rangesMax = 32

    /// The most wanted form that there is; the first one of equals. Nil when the header names none.
    package static func choose(accept: String?) -> Representation? {
        guard let accept, accept.utf8.contains(where: { $0 != 32 }) else { return .oldResult }
        // Most clients name one type and nothing else.
        if let form = form(accept, []) { return form }
        var best: (form: Representation, quality: Int)?
        for range in accept.split(separator: ",").prefix(rangesMax) {
            let parts = range.split(separator: ";").map { part in
                String(part.filter { $0 != " " && $0 != "\t" })
            }
            guard let type = parts.first?.lowercased(), let form = form(type, parts.dropFirst()) else { continue }
            let quality = quality(parts.dropFirst())
            if quality > (best?.quality ?? 0) { best = (form, quality) }
        }
        return best?.form
    }

    private static func form(_ type: String, _ parameters: ArraySlice<String>) -> Representation? {
        switch type {
        case "*/*", "application/*": return .oldResult
        case resultType: return .result
        case dereferencingType: return .dereferencing
        case "application/json": return .json
        case "application/ld+json":
            let profile = parameters.first { $0.lowercased().hasPrefix("profile=") } ?? ""
            if profile.contains("did-url-dereferencing") { return .dereferencing }
            return profile.contains("did-resolution") ? .oldResult : .document(type)
        default: return documentTypes.contains(type) ? .document(type) : nil
        }
    }

    /// Thousandths.
    private static func quality(_ parameters: ArraySlice<String>) -> Int {
        guard let text = parameters.first(where: { $0.lowercased().hasPrefix("q=") })?.dropFirst(2) else {
            return 1_000
        }
        let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
        guard let whole = parts.first.flatMap({ Int($0) }), whole == 0 || whole == 1 else { return 1_000 }
        let digits = parts.count > 1 ? parts[1].prefix(3) : ""
        let fraction = Int(digits + String(repeating: "0", count: 3 - digits.count)) ?? 0
        return min(1_000, whole * 1_000 + max(0, fraction))
    }
}
