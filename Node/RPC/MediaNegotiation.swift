/// Which of the declared media types an Accept header prefers (RFC 9110 section 12.5.1).
enum MediaNegotiation {
    static let rangesMax = 32

    /// The preferred one of `offers` (first one wins a tie); nil when none is accepted. Without a header any will do.
    static func choose(_ offers: [String], accept: String?) -> String? {
        guard let accept, !accept.allSatisfy({ $0 == " " }) else { return offers.first }
        let ranges = accept.split(separator: ",").prefix(rangesMax).compactMap(range)
        // A header without one readable range says nothing.
        guard !ranges.isEmpty else { return offers.first }
        var best: (offer: String, quality: Double)?
        for offer in offers {
            let quality = quality(of: offer, ranges)
            if quality > 0, quality > (best?.quality ?? 0) { best = (offer, quality) }
        }
        return best?.offer
    }

    private typealias Range = (type: String, quality: Double)

    private static func range(_ text: Substring) -> Range? {
        let parts = text.split(separator: ";").map { String($0.filter { $0 != " " && $0 != "\t" }).lowercased() }
        guard let type = parts.first, type.contains("/") else { return nil }
        var quality = 1.0
        for part in parts.dropFirst() where part.hasPrefix("q=") {
            quality = Double(part.dropFirst(2)).map { min(1, max(0, $0)) } ?? 1
        }
        return (type, quality)
    }

    // The most specific range decides.
    private static func quality(of offer: String, _ ranges: [Range]) -> Double {
        let bare = offer.split(separator: ";").first.map(String.init) ?? offer
        let group = (bare.split(separator: "/").first.map(String.init) ?? "") + "/*"
        for wanted in [bare, group, "*/*"] {
            if let range = ranges.first(where: { $0.type == wanted }) { return range.quality }
        }
        return 0
    }

    /// Media type of a Content-Type field, lower case, without parameters.
    static func bare(_ contentType: String) -> String {
        let first = contentType.split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        return String(first.filter { $0 != " " && $0 != "\t" }).lowercased()
    }
}
