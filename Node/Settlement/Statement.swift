internal import Chain
package import LightClient
internal import Primitives

/// A member's statement over a span of periods, as the JSON file that the member keeps. docs/formats/statement.md says
/// what every field means and how each is checked; nothing in it needs to be believed.
///
/// Bytes are lower-case hexadecimal text, energy is in watt-hours, money in micro-units of the community's currency.
package struct Statement: Codable, Hashable, Sendable {
    package static let formatName = "commonwatt/statement/1"
    /// Bound of a file: a month of quarter hours.
    package static let byteCountMax = 64 * 1024 * 1024
    package static let linesMax = 3_072

    package var format: String
    /// Network id: SHA-256 of the genesis.
    package var network: String
    /// Address of the community's instance.
    package var community: String
    package var member: UInt32
    /// First period, and the first one after the last.
    package var from: UInt64
    package var to: UInt64
    /// BCS of the community's rules.
    package var rules: String
    /// Sums over all lines.
    package var sums: Sums
    /// One for each settled period, ascending.
    package var lines: [Line]
    /// Periods of the span in which the member counts, but which have no settlement yet.
    package var open: [UInt64]
    /// BCS of the member's own reading batches, ascending by digest.
    package var batches: [String]
    /// Proof bundles: of the community's head, the member's record, every settlement (or its absence) and every batch's
    /// anchor.
    package var proofs: [ProofBundleDocument]

    package struct Sums: Codable, Hashable, Sendable {
        package var production: Int64
        package var consumption: Int64
        package var received: Int64
        package var given: Int64
        package var bought: Int64
        package var sold: Int64
        package var paidForReceived: Int64
        package var earnedForGiven: Int64
        package var paidForBought: Int64
        package var earnedForSold: Int64
        package var gridFee: Int64
        package var fundLevy: Int64
        package var incentive: Int64
        /// Earned less paid.
        package var balance: Int64
    }

    package struct Line: Codable, Hashable, Sendable {
        package var period: UInt64
        /// UTC start of the period, milliseconds since 1970.
        package var start: UInt64
        package var version: UInt32
        /// `provisional`, `final` or `corrected`.
        package var stage: String
        package var production: Int64
        package var consumption: Int64
        package var received: Int64
        package var given: Int64
        package var bought: Int64
        package var sold: Int64
        package var prices: Prices
        package var paidForReceived: Int64
        package var earnedForGiven: Int64
        package var paidForBought: Int64
        package var earnedForSold: Int64
        /// `asProvided`, `adjusted`, `estimated` or `missing`.
        package var quality: String
        /// Salt and leaf of the line, its place in the tree, and the siblings up to the root.
        package var salt: String
        package var leaf: String
        package var index: Int
        package var path: [String]
        /// BCS of the settlement's inputs.
        package var inputs: String
        /// The own batches that were used, by their place among the batches of the inputs, ascending.
        package var batches: [BatchPlace]
        /// What comes on top of energy; null when the rules have no fee, levy or incentive.
        package var charges: Charges?
    }

    /// Where a batch is under the batch root of a settlement's inputs.
    package struct BatchPlace: Codable, Hashable, Sendable {
        package var digest: String
        package var index: Int
        package var path: [String]
    }

    /// Rates in micro-units per kWh, `shared` in watt-hours, the rest in micro-units; see `LineCharges`.
    package struct Charges: Codable, Hashable, Sendable {
        package var gridFeeRate: Int64
        package var fundLevyRate: Int64
        package var incentiveRate: Int64
        package var shared: Int64
        package var gridFee: Int64
        package var fundLevy: Int64
        package var incentive: Int64
    }

    /// Micro-units per kWh.
    package struct Prices: Codable, Hashable, Sendable {
        /// c: what energy from neighbours costs.
        package var received: Int64
        /// p: what energy given to neighbours earns.
        package var given: Int64
        /// b: retail.
        package var bought: Int64
        /// f: feed-in.
        package var sold: Int64
    }
}
