package import Chain
internal import LedgerCrypto
package import Primitives

/// What a recorded day-ahead forecast was asked for, beside its inputs. Its digest is the claim's `parameters`.
package struct ForecastParameters: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1
    /// A week of features and the days that a model is trained on at least.
    package static let daysMin = DayAheadFeatures.daysBefore + DayAheadForecast.trainingDaysMin

    /// The community whose net load is forecast.
    package let community: Address
    /// Digest of its members, as its head has it: who counts.
    package let members: Digest
    /// Start of the day that is forecast: a midnight by the clock of the community's rules.
    package let day: Timestamp
    /// Days of 24 hours before it that the model sees.
    package let days: UInt16

    package init(community: Address, members: Digest, day: Timestamp, days: UInt16) {
        self.community = community
        self.members = members
        self.day = day
        self.days = days
    }

    package var digest: Digest { SHA256.hash(bcs) }

    /// Start of the first hour that the model sees; nil when that is before 1970.
    var start: Timestamp? {
        let span = UInt64(days) * UInt64(NetLoadSeries.hoursPerDay) * NetLoadSeries.hourMilliseconds
        return day.value >= span ? Timestamp(day.value - span) : nil
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(ForecastParameters.formatVersion)
        encoder.value(community)
        encoder.fixed(members)
        encoder.value(day)
        encoder.u16(days)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == ForecastParameters.formatVersion else {
            throw decoder.failure(.invalid("parameters of another format version"))
        }
        community = try Address(from: &decoder)
        members = try decoder.digest()
        day = try Timestamp(from: &decoder)
        days = try decoder.u16()
        guard (ForecastParameters.daysMin...NetLoadSeries.daysMax).contains(Int(days)), start != nil else {
            throw decoder.failure(
                .invalid("a forecast sees \(ForecastParameters.daysMin) to \(NetLoadSeries.daysMax) days"))
        }
    }
}
