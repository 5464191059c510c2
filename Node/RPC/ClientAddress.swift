/// What counts as one client: an IPv4 address, or the /64 network of an IPv6 address, since its holder can use all of it.
enum ClientAddress {
    static func bucket(_ address: String) -> String {
        let bare = address.split(separator: "%", omittingEmptySubsequences: false).first.map(String.init) ?? address
        guard bare.contains(":") else { return String(bare.prefix(64)) }
        if let mapped = bare.split(separator: ":").last, mapped.contains(".") { return String(mapped.prefix(64)) }
        let halves = bare.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        // "::" stands for as many zero groups as are missing.
        guard let gap = halves.firstIndex(of: ""), gap < 4 else { return halves.prefix(4).joined(separator: ":") }
        let zeros = max(1, 8 - halves.filter { !$0.isEmpty }.count)
        let tail = halves[gap...].filter { !$0.isEmpty }
        let full = Array(halves[..<gap]) + [String](repeating: "0", count: zeros) + tail
        return full.prefix(4).joined(separator: ":")
    }
}
