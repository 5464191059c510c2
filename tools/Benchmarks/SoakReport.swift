internal import Foundation

/// The validators at one moment.
struct SoakSample: Codable {
    struct Node: Codable {
        /// Memory of the process's own, with what its allocator keeps to use again.
        let memoryBytes: Int
        /// What the program holds from its allocator: what may not grow.
        let heapBytes: Int
        /// Resident parts of files that are mapped: the store's, which grow with the chain.
        let mappedBytes: Int
        let openFiles: Int
        let diskBytes: Int
    }

    /// Since the load began.
    let seconds: Double
    let height: UInt64
    let transactionsPerSecond: Double
    /// In the order of the report's `nodes`.
    let nodes: [Node]
}

/// What a soak run saw, and whether memory grew.
struct SoakReport: Codable {
    /// A trend over the second half of the samples, between its first and its second half. Memory goes up and down with
    /// every checkpoint, so that a line through all samples says more about where it ends than about growth: of the heap the
    /// lower quartiles are compared, which are near what is held after a checkpoint, of all else the medians.
    struct Trend: Codable {
        let node: String
        let middleMegabytes: Double
        let endMegabytes: Double
        let megabytesPerHour: Double
        let hasGrown: Bool
    }

    /// A trend that makes less than this over the second half is the noise of the allocator.
    static let noiseMegabytes = 4.0

    let machine: Report.Machine
    let minutes: Double
    let rate: Int
    let names: Int
    let keepStates: String
    let growthMaxMegabytesPerHour: Double
    let nodes: [String]
    let samples: [SoakSample]
    let refused: Int
    let heap: [Trend]
    let memory: [Trend]
    let disk: [Trend]

    var hasGrown: Bool { heap.contains(where: \.hasGrown) }

    init(
        machine: Report.Machine, minutes: Double, rate: Int, names: Int, keepStates: String,
        growthMaxMegabytesPerHour: Double, nodes: [String], samples: [SoakSample], refused: Int
    ) {
        self.machine = machine
        self.minutes = minutes
        self.rate = rate
        self.names = names
        self.keepStates = keepStates
        self.growthMaxMegabytesPerHour = growthMaxMegabytesPerHour
        self.nodes = nodes
        self.samples = samples
        self.refused = refused
        let half = Array(samples.suffix(samples.count - samples.count / 2))
        func trends(_ share: Double, _ bytes: (SoakSample.Node) -> Int) -> [Trend] {
            nodes.enumerated().map { index, name in
                let values = half.map { Double(bytes($0.nodes[index])) / 1_048_576 }
                let (early, late) = (values.prefix(values.count / 2), values.suffix(values.count - values.count / 2))
                let (middle, end) = (SoakReport.quantile(share, early), SoakReport.quantile(share, late))
                let hours = ((half.last?.seconds ?? 0) - (half.first?.seconds ?? 0)) / 2 / 3600
                let slope = hours > 0 ? (end - middle) / hours : 0
                return Trend(
                    node: name, middleMegabytes: middle, endMegabytes: end, megabytesPerHour: slope,
                    hasGrown: slope > growthMaxMegabytesPerHour && end - middle > SoakReport.noiseMegabytes)
            }
        }
        heap = trends(0.25, \.heapBytes)
        memory = trends(0.5, \.memoryBytes)
        disk = trends(0.5, \.diskBytes)
    }

    private static func quantile(_ share: Double, _ values: ArraySlice<Double>) -> Double {
        values.isEmpty ? 0 : values.sorted()[min(values.count - 1, Int(share * Double(values.count)))]
    }

    var text: String {
        func number(_ value: Double, _ digits: Int = 1) -> String { String(format: "%.\(digits)f", value) }
        let rates = samples.map(\.transactionsPerSecond)
        let files = samples.flatMap { $0.nodes.map(\.openFiles) }
        var lines = [
            "machine      \(machine.processor), \(machine.cores) cores, \(machine.memoryMegabytes) MB",
            "load         \(rate) tx/s wanted for \(number(minutes)) min, \(names) names, states kept: \(keepStates) blocks",
            "final        \(number(rates.reduce(0, +) / Double(max(1, rates.count)))) tx/s on average, "
                + "\(number(rates.min() ?? 0)) to \(number(rates.max() ?? 0)); \(refused) not taken; height \(samples.last?.height ?? 0)",
            "open files   \(files.min() ?? 0) to \(files.max() ?? 0) per validator",
            "",
            "Trends of the second half:",
        ]
        func words(_ trend: Trend) -> String {
            "\(number(trend.middleMegabytes)) -> \(number(trend.endMegabytes)) MB (\(number(trend.megabytesPerHour))/h)"
        }
        for (index, name) in nodes.enumerated() {
            lines.append(
                "  \(name): heap \(words(heap[index])), resident \(words(memory[index])), disk \(words(disk[index]))")
        }
        lines.append("")
        let grown = heap.filter(\.hasGrown).map(\.node)
        lines.append(
            grown.isEmpty
                ? "The heap did not grow: every trend is below \(number(growthMaxMegabytesPerHour)) MB/h or makes less than \(number(SoakReport.noiseMegabytes)) MB."
                : "The heap GREW at \(grown.joined(separator: ", ")): above \(number(growthMaxMegabytesPerHour)) MB/h.")
        return lines.joined(separator: "\n")
    }

    func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try JSONResult.write(self, to: folder + "/soak.json")
        try Data(SoakPage(report: self).html.utf8).write(to: URL(filePath: folder + "/soak.html"))
    }
}
