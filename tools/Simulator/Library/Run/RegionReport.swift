/// What `simulate regions` found, for its JSON and for pages made of it. Times in milliseconds.
package struct RegionReport: Codable, Sendable {
    package struct Spread: Codable, Sendable {
        package let p50: Double
        package let p99: Double
        package let max: Double

        /// Of microseconds; nearest rank, 0 for none.
        init(_ values: [Int64]) {
            let sorted = values.sorted()
            func rank(_ share: Double) -> Double {
                guard !sorted.isEmpty else { return 0 }
                return Double(sorted[min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.up)) - 1)])
                    / 1_000
            }
            (p50, p99, max) = (rank(0.5), rank(0.99), rank(1))
        }
    }

    package struct Row: Codable, Sendable {
        package let validators: Int
        package let blocks: Int
        package let boundMilliseconds: Spread
        package let finalityMilliseconds: Spread
        package let overheadMilliseconds: Spread
        package let transactionMilliseconds: Spread

        package init(_ run: RegionRun) {
            validators = run.validators
            blocks = run.blocks
            boundMilliseconds = Spread(run.finality.map { Int64($0.bound) })
            finalityMilliseconds = Spread(run.finality.map { Int64($0.measured) })
            overheadMilliseconds = Spread(run.finality.map(\.overhead))
            transactionMilliseconds = Spread(run.transactions.map { Int64($0) })
        }
    }

    package let regions: [String]
    package let seconds: UInt64
    package let seed: UInt64
    package let rows: [Row]

    package init(regions: [String], seconds: UInt64, seed: UInt64, rows: [Row]) {
        self.regions = regions
        self.seconds = seconds
        self.seed = seed
        self.rows = rows
    }
}
