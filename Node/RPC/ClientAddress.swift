/// What counts as one client: an IPv4 address, or the /64 network of an IPv6 address, since its holder can use all of it.
/// The addresses of the node's own machine are one client, whichever of them a program takes.
enum ClientAddress {
    /// All of 127.0.0.0/8 and ::1.
    static let thisMachine = "this machine"

    static func bucket(_ address: String) -> String {
        let bare = address.split(separator: "%", omittingEmptySubsequences: false).first.map(String.init) ?? address
        guard bare.contains(":") else { return ofVersion4(bare[...]) }
        if let mapped = bare.split(separator: ":").last, mapped.contains(".") { return ofVersion4(mapped) }
        if bare == "::1" { return thisMachine }
        let halves = bare.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        // "::" stands for as many zero groups as are missing.
        guard let gap = halves.firstIndex(of: ""), gap < 4 else { return halves.prefix(4).joined(separator: ":") }
        let zeros = max(1, 8 - halves.filter { !$0.isEmpty }.count)
        let tail = halves[gap...].filter { !$0.isEmpty }
        let full = Array(halves[..<gap]) + [String](repeating: "0", count: zeros) + tail
        return full.prefix(4).joined(separator: ":")
    }

    private static func ofVersion4(_ address: Substring) -> String {
        let parts = address.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts[0] == "127", parts.allSatisfy({ UInt8($0) != nil }) { return thisMachine }
        return String(address.prefix(64))
    }
}
