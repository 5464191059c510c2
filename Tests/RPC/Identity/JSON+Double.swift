import Encodings

extension JSON {
    /// The form of any JSON number by RFC 8785: that of ECMAScript's Number.prototype.toString. Nil for one beyond
    /// double precision's range. The ledger's floors accept whole numbers only.
    static func canonicalNumber(_ text: String) -> String? {
        guard let value = Double(text), value.isFinite else { return nil }
        if value == 0 { return "0" }
        let sign = value < 0 ? "-" : ""
        // Swift prints the shortest digits that round back, in another layout.
        let printed = "\(value.magnitude)".lowercased().split(separator: "e")
        let parts = printed[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(parts[0])
        let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
        var digits = (whole + fraction).drop { $0 == "0" }
        let lost = (whole + fraction).count - digits.count
        // value = 0.digits * 10^point
        let exponent = printed.count > 1 ? Int(printed[1]) ?? 0 : 0
        let point = whole.count - lost + exponent
        while digits.last == "0" { digits = digits.dropLast() }
        let count = digits.count
        if count <= point, point <= 21 { return sign + digits + String(repeating: "0", count: point - count) }
        if 0 < point, point <= 21 { return sign + digits.prefix(point) + "." + digits.dropFirst(point) }
        if -6 < point, point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        let power = point - 1
        let scale = (power < 0 ? "e-" : "e+") + String(power.magnitude)
        return count == 1 ? sign + digits + scale : sign + digits.prefix(1) + "." + digits.dropFirst() + scale
    }
}
