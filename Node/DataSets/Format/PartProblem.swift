/// Why content is no part of a data set, in words for whoever uploads it: what, where, what to do.
package struct PartProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let text: String
    /// Line of the content, from 1; nil when it is not about one line.
    package let line: UInt64?

    package init(_ text: String, line: UInt64? = nil) {
        self.text = text
        self.line = line
    }

    package var description: String { line.map { "line \($0): \(text)" } ?? text }
}
