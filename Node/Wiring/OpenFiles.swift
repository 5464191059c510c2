internal import Glibc
internal import OperatorFiles

/// How many files the process may have open: tables of the store, journal, databases, links to peers, and connections to
/// the HTTP API. A store that cannot open a table halts the node, so clients get what is left of the limit.
enum OpenFiles {
    /// For everything but connections to the API: LevelDB keeps at most 1,024 tables open.
    static let reserved = 2_048
    /// Fewer connections than these are no service.
    static let connectionsMin = 64
    private static let wanted = rlim_t(65_536)

    /// Raises the process's own limit as far as the system lets it, and says how many connections fit below it.
    static func connections(atMost most: Int) throws -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return most }
        let before = limit.rlim_cur
        limit.rlim_cur = min(limit.rlim_max, max(before, wanted))
        let isRaised = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return try connections(atMost: most, openFiles: UInt64(isRaised ? limit.rlim_cur : before))
    }

    /// The server holds an eighth more than it serves, and 16, so that it can say why it refuses one, and a quarter that it does not serve
    /// (`APIConfiguration.heldConnectionsMax`).
    static func connections(atMost most: Int, openFiles: UInt64) throws -> Int {
        let room = Int(clamping: openFiles) - reserved
        let fitting = (room - 16) / 11 * 8
        guard fitting >= connectionsMin else {
            throw UserError(
                "The process may open \(openFiles) files only, and a node needs \(reserved + 16 + connectionsMin * 11 / 8): raise the limit (ulimit -n, or LimitNOFILE= in a systemd unit)."
            )
        }
        return min(most, fitting)
    }
}
