/// Pieces of HTML that the report pages share.
enum PageParts {
    /// Large figures, each with what it is; both are text.
    static func tiles(_ tiles: [(value: String, text: String)]) -> String {
        let parts = tiles.map {
            "<div class=\"tile\"><b>\(Chart.escape($0.value))</b><span>\(Chart.escape($0.text))</span></div>"
        }
        return "<div class=\"tiles\">\(parts.joined())</div>"
    }

    /// A table that scrolls sideways where it is too wide; cells are text. Rows with `mark` stand out.
    static func table(_ head: [String], _ rows: [[String]], mark: (Int) -> Bool = { _ in false }) -> String {
        let body = rows.enumerated().map { index, cells in
            "<tr\(mark(index) ? " class=\"mark\"" : "")>"
                + cells.map { "<td>\(Chart.escape($0))</td>" }.joined() + "</tr>"
        }
        return "<div class=\"wide\"><table><thead><tr>"
            + head.map { "<th>\(Chart.escape($0))</th>" }.joined() + "</tr></thead><tbody>" + body.joined()
            + "</tbody></table></div>"
    }
}
