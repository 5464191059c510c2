package import Primitives

/// Why a period cannot be computed from these inputs. Every input comes from outside, so nothing traps.
package enum SettlementError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sum or product does not fit 64 bits.
    case overflow
    case negativeEnergy(MemberNumber)
    case membersNotAscending
    case tooManyMembers(limit: Int)
    /// A meter's readings count both at the grid connection and behind it.
    case mixedDirections(MeterNumber)
    /// The readings of a meter are coarser than the settlement period.
    case tooCoarse(MeterNumber)
    /// Two batches give different values of the same revision.
    case contradiction(MeterNumber, start: Timestamp)
    /// A batch that belongs to no member of the period, or has nothing in it.
    case foreignBatch(MeterNumber)
    case sharedMeter(MeterNumber)
    case saltsMismatch
    /// The model needs keys, links or limits that are not there for each member.
    case termsMissing
    case periodOutOfRange

    package var description: String {
        switch self {
        case .overflow: "a sum does not fit 64 bits; look for an absurd reading or price"
        case .negativeEnergy(let member): "member \(member) has negative energy"
        case .membersNotAscending: "members must be in ascending order, each once"
        case .tooManyMembers(let limit): "a community has at most \(limit) members"
        case .mixedDirections(let meter):
            "meter \(meter) has readings both at the grid connection and behind it, which would count energy twice"
        case .tooCoarse(let meter): "the readings of meter \(meter) are longer than the settlement period"
        case .contradiction(let meter, let start):
            "two batches of meter \(meter) contradict each other at \(start.milliseconds) ms without a newer revision"
        case .foreignBatch(let meter): "a batch of meter \(meter) has nothing to do with this period"
        case .sharedMeter(let meter): "meter \(meter) belongs to two members"
        case .saltsMismatch: "the salts are not those of the period's members"
        case .termsMissing: "the model needs keys, agreements or price limits of each member"
        case .periodOutOfRange: "the period number is out of range"
        }
    }
}

/// Runs checked arithmetic, with its overflow as a settlement error.
func sized<Value>(
    _ compute: @autoclosure () throws(ArithmeticOverflow) -> Value
) throws(SettlementError) -> Value {
    do { return try compute() } catch { throw .overflow }
}

extension Collection<Int64> {
    func checkedSum() throws(SettlementError) -> Int64 {
        var sum: Int64 = 0
        for value in self { sum = try sized(sum.adding(value)) }
        return sum
    }
}
