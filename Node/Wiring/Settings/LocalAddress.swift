internal import Foundation
internal import Glibc

/// Whether this machine can listen on an address.
enum LocalAddress {
    /// Why it cannot; nil when it can. Tries it with any free port, so a running node is not in the way.
    static func problem(_ host: String) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "0", &hints, &list)
        guard code == 0, let first = list else {
            return
                "'\(host)' cannot be resolved (\(String(cString: gai_strerror(code)))); write an address of this machine."
        }
        defer { freeaddrinfo(list) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
        guard descriptor >= 0 else { return "no socket for '\(host)': \(String(cString: strerror(errno)))." }
        defer { close(descriptor) }
        guard bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else {
            return
                "this machine cannot listen on '\(host)' (\(String(cString: strerror(errno)))); write one of its addresses, 0.0.0.0 or 127.0.0.1."
        }
        return nil
    }
}
