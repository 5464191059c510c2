internal import Chain
internal import Primitives

/// What a run with `Scenario.owedPace` owes after the healing.
struct Pace {
    /// Views of the finalizations that honest nodes reported since the healing, ascending, each once.
    var finalizations: [View] = []

    mutating func note(_ finalization: Certificate) {
        if let last = finalizations.last, finalization.view <= last { return }
        finalizations.append(finalization.view)
    }
}

extension Simulation {
    /// Whether views are still counted.
    var isPaceObserved: Bool { scenario.owedPace.map { healing.views < $0.views } ?? false }

    /// Counts the blocks and the gaps between the first and the last finalization since the healing. The runs that owe a
    /// pace have one epoch.
    func checkPace() throws(Violation) {
        guard let owed = scenario.owedPace else { return }
        guard let first = pace.finalizations.first, let last = pace.finalizations.last else {
            throw Violation(.pace, "nothing became final in \(healing.views) views")
        }
        for (one, next) in zip(pace.finalizations, pace.finalizations.dropFirst())
        where next.distance(above: one) >= owed.viewsWithoutFinalizationMax {
            throw Violation(.pace, "between views \(one) and \(next) nothing was finalized")
        }
        let blocks = chain.entries.filter { $0.header.view > first && $0.header.view <= last }.count
        let views = last.distance(above: first)
        guard UInt64(blocks) * 100 >= views * owed.blocksPerHundredViewsMin else {
            throw Violation(.pace, "\(blocks) blocks in \(views) views")
        }
    }
}
