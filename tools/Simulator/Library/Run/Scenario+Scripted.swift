internal import Chain

extension Scenario {
    /// A network without any fault, load every 100 ms, healed after `seconds`: what scripted scenarios start from.
    package static func calm(validators: Int, followers: Int = 0, seconds: UInt64, seed: UInt64 = 1) -> Scenario {
        var parameters = ChainParameters()
        parameters.delayMilliseconds = 120
        parameters.delayMillisecondsMax = 1_200
        parameters.heartbeatMilliseconds = 500
        return Scenario(
            seed: seed, validatorCount: validators, followerCount: followers, traitors: [], parameters: parameters,
            conditions: .calm, plan: [], chaosMicroseconds: seconds * 1_000_000, crashAtWritePerMille: 0,
            keepUnsyncedPerMille: 0, corruptedReadPerHundredThousand: 0, flushMicroseconds: 200...400,
            storeFlushMicroseconds: 500...1_000, submissionMicroseconds: 100_000, checksAhead: true, mutation: nil)
    }

    /// Adds a fault, `milliseconds` after the start.
    package mutating func plan(_ kind: PlannedFault.Kind, atMilliseconds milliseconds: UInt64) {
        plan.append(PlannedFault(time: milliseconds * 1_000, kind: kind))
    }
}
