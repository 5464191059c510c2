internal import NIOCore
internal import Primitives

/// Keeps others from filling the log: of each key a few lines a minute, and a few keys a minute in all, since strangers can
/// make any number of them. What was left out is counted. Belongs to the event loop.
struct LineLimit<Key: Hashable> {
    static var quietMilliseconds: Int64 { 60_000 }
    let keysMax: Int
    /// Of one key in a minute.
    let linesMax: Int

    private struct Noted {
        var since: NIODeadline
        var lines = 0
        var leftOut = 0
    }
    /// Those of this minute, and of the one before for their counts: at most twice `keysMax`.
    private var noted: [Key: Noted] = [:]

    init(keysMax: Int, linesMax: Int = 1) {
        self.keysMax = keysMax
        self.linesMax = linesMax
    }

    /// Nil when the line is to be left out; else what to add to it: how many like it were left out since the last one.
    mutating func admits(_ key: Key, at now: NIODeadline = .now()) -> String? {
        let quiet = TimeAmount.milliseconds(Self.quietMilliseconds)
        noted = noted.filter { $0.value.since + quiet + quiet > now }
        let held = noted[key]
        if let held, held.since + quiet > now {
            noted[key]?.lines += 1
            if held.lines < linesMax { return "" }
            noted[key]?.leftOut += 1
            return nil
        }
        guard noted.count(where: { $0.value.since + quiet > now }) < keysMax else { return nil }
        noted[key] = Noted(since: now, lines: 1)
        let leftOut = held?.leftOut ?? 0
        return leftOut == 0 ? "" : " (\(leftOut) more of these since)"
    }
}

/// What a peer makes a node write.
enum RepeatedLine: Hashable {
    /// It said that it belongs to another network.
    case foreign(Digest)
    /// Its connection ended before a link was up.
    case failed(Digest)
    /// A second link of a pair, which was not kept.
    case surplus(Digest)
    case opened(Digest)
    case closed(Digest)
}
