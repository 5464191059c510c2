/// Pieces of HTML that the report pages share.
enum PageParts {
    /// Large figures, each with what it is; both are text.
    static func tiles(_ tiles: [(value: String, text: String)]) -> String {
        let parts = tiles.map {
            "<div class=\"tile\"><b>\(Chart.escape($0.value))</b><span>\(Chart.escape($0.text))</span></div>"
        }
        return "<div class=\"tiles\">\(parts.joined())</div>"
    }

    /// What a reader must know before the figures; text. Nothing when it is empty.
    static func banner(_ text: String) -> String {
        text.isEmpty ? "" : "<p class=\"banner\">\(Chart.escape(text))</p>"
    }

    /// A chart in a frame of its own, which scrolls sideways on a narrow screen, so that its labels can be read.
    static func frame(_ svg: String) -> String {
        "<p class=\"scrolls\">The chart goes on to the right.</p><div class=\"chart\">\(svg)</div>"
    }

    /// A table, whose rows are cards on a narrow screen; cells are text. Rows with `mark` stand out.
    static func table(_ head: [String], _ rows: [[String]], mark: (Int) -> Bool = { _ in false }) -> String {
        let body = rows.enumerated().map { index, cells in
            "<tr\(mark(index) ? " class=\"mark\"" : "")>"
                + zip(head, cells).map { "<td data-head=\"\(Chart.escape($0))\">\(Chart.escape($1))</td>" }.joined()
                + "</tr>"
        }
        return "<div class=\"wide\"><table><thead><tr>"
            + head.map { "<th>\(Chart.escape($0))</th>" }.joined() + "</tr></thead><tbody>" + body.joined()
            + "</tbody></table></div>"
    }
}
