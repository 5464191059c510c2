internal import Primitives

/// Whether a state is new enough to judge by it who may have something now.
extension ChainView {
    /// How old the newest final block may be for data to be served by it; heartbeats make one every 5 s.
    package static let ageMillisecondsMax: UInt64 = 60_000

    func isFresh(_ now: Timestamp) -> Bool { now.distance(above: time) <= ChainView.ageMillisecondsMax }

    /// Throws `unavailable` when the newest final block is too old to know by it what ended, or was revoked or withdrawn,
    /// since. `now` is the clock of the machine, `partner` whose node it is.
    func requireFresh(_ now: Timestamp, at partner: String) throws {
        guard isFresh(now) else {
            throw LakeRefusal(
                .unavailable,
                "the newest final block at \(partner)'s node is \(now.distance(above: time) / 1_000) s old: what was revoked since is not known here; try again, or ask another node"
            )
        }
    }
}
