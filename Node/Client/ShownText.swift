extension String {
    /// For people's terminals and logs: what can move a cursor, colour, reorder or break lines is replaced. Whatever a node
    /// says goes through here before it is shown.
    package var shown: String {
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars { scalars.append(String.acts(scalar) ? "\u{fffd}" : scalar) }
        return String(scalars)
    }

    /// C0, DEL and C1 (escape sequences begin there), separators of lines and paragraphs, overrides of the direction.
    private static func acts(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
