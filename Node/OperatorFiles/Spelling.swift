/// Guesses what a misspelt word was to be.
package enum Spelling {
    /// More differences than this, or than a third of the word, make it another word.
    private static let distanceMax = 3

    /// The known word with the fewest differences; nil when none is near.
    package static func nearest(to word: String, in known: [String]) -> String? {
        let limit = min(distanceMax, max(1, word.count / 3))
        let near = known.map { (word: $0, distance: distance(Array(word), Array($0))) }
        return near.filter { $0.distance <= limit }.min { $0.distance < $1.distance }?.word
    }

    /// Insertions, deletions, replacements and exchanges of neighbours that make one word of the other.
    static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
