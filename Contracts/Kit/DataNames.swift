extension BatchAnchor {
    /// For people: what a name has.
    package static let nameRule =
        "1 to 64 characters a-z, 0-9, hyphen, dot and slash, and no part between slashes that is empty or begins with a dot"

    /// Whether a text names a data set, a schema or an analysis: see `nameRule`. Programs may make paths of names, so none
    /// leads upwards or hides.
    package static func isName(_ text: String) -> Bool {
        text.utf8.count <= nameBytesMax
            && text.utf8.allSatisfy { (97...122).contains($0) || (45...57).contains($0) }
            && text.utf8.split(separator: 47, omittingEmptySubsequences: false).allSatisfy { part in
                part.first.map { $0 != 46 } ?? false
            }
    }
}
