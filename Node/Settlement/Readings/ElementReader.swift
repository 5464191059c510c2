/// Leaf elements of an XML document with their place, which is all that the data formats here need.
struct ElementReader {
    /// Names from the root to the innermost open element.
    private(set) var path: [String] = []
    private var scanner: XMLScanner
    private var text = ""
    private var isLeaf = false

    enum Step {
        /// An element began; it is the last of `path`.
        case begin([XMLScanner.Attribute])
        /// An element without children ended, which was the last of `path` and is no longer in it.
        case leaf(String, String)
        /// An element with children ended and is no longer in `path`.
        case end(String)
    }

    init(_ bytes: [UInt8]) throws(AdaptorError) { scanner = try XMLScanner(bytes) }

    var line: Int { scanner.line }
    var parent: String { path.last ?? "" }

    mutating func next() throws(AdaptorError) -> Step? {
        while let event = try scanner.next() {
            switch event {
            case .start(let name, let attributes):
                path.append(name)
                text = ""
                isLeaf = true
                return .begin(attributes)
            case .text(let part):
                guard text.utf8.count + part.utf8.count <= XMLScanner.textBytesMax else {
                    throw AdaptorError("line \(line): a text is above \(XMLScanner.textBytesMax) bytes")
                }
                text += part
            case .end(let name):
                _ = path.popLast()
                let wasLeaf = isLeaf
                isLeaf = false
                return wasLeaf ? .leaf(name, text) : .end(name)
            }
        }
        return nil
    }
}
