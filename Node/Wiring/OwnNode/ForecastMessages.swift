internal import Analytics
package import Anchors
package import Chain
package import ContractKit
package import DataLake
internal import DataSets
package import Primitives
internal import Results

/// Which forecast is asked for.
package struct ForecastMessage: BCSCodable, Hashable {
    /// Name of the own partner's analysis.
    package let analysis: String
    package let community: Address
    /// Start of the day.
    package let day: Timestamp
    package let days: UInt16

    package init(analysis: String, community: Address, day: Timestamp, days: UInt16) {
        self.analysis = analysis
        self.community = community
        self.day = day
        self.days = days
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(analysis)
        encoder.value(community)
        encoder.value(day)
        encoder.u16(days)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        analysis = try decoder.string(max: BatchAnchor.nameBytesMax)
        community = try Address(from: &decoder)
        day = try Timestamp(from: &decoder)
        days = try decoder.u16()
    }
}

/// How far a forecast is: nil while it is computed and attested, else what to put on the chain.
package struct ForecastProgress: BCSCodable {
    package struct Attested: BCSCodable, Sendable {
        package let request: ResultRequest
        package let attestations: [Attestation]
        /// The output's part, as it is to be anchored, and in which data set.
        package let batch: NewBatch
        package let dataSet: String

        init(_ prepared: PreparedForecast, _ attestations: [Attestation]) {
            request = prepared.request
            self.attestations = attestations
            batch = NewBatch(prepared.manifest)
            dataSet = prepared.analysis.dataSet
        }

        package func encode(to encoder: inout BCSEncoder) {
            encoder.value(request)
            encoder.vector(attestations)
            encoder.value(batch)
            encoder.string(dataSet)
        }

        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            request = try ResultRequest(from: &decoder)
            attestations = try decoder.vector(max: Attestation.countMax)
            batch = try NewBatch(from: &decoder)
            dataSet = try decoder.string(max: BatchAnchor.nameBytesMax)
        }
    }

    package let attested: Attested?

    init(_ attested: Attested?) { self.attested = attested }
    package func encode(to encoder: inout BCSEncoder) { encoder.option(attested) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { attested = try decoder.option() }
}
