/// One metric with its samples, as Prometheus' text format 0.0.4 has it.
package struct MetricFamily: Hashable, Sendable {
    package enum Samples: Hashable, Sendable {
        /// Only grows while the process lives. Names end in `_total`.
        case counter([MetricSample])
        case gauge([MetricSample])
        case histogram([HistogramSample])
    }

    /// `commonwatt_<what>_<unit>`, letters, digits and underscores.
    package let name: String
    /// One sentence: what it counts, and what a surprising value means.
    package let help: String
    package let samples: Samples

    package init(_ name: String, _ help: String, _ samples: Samples) {
        self.name = name
        self.help = help
        self.samples = samples
    }
}

/// A label of a sample. Values may be any text: they are escaped.
package struct MetricLabel: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

package struct MetricSample: Hashable, Sendable {
    package let labels: [MetricLabel]
    package let value: Double

    package init(_ value: Double, _ labels: [MetricLabel] = []) {
        self.labels = labels
        self.value = value
    }
}

package struct HistogramSample: Hashable, Sendable {
    package let labels: [MetricLabel]
    /// Upper bounds, strictly ascending, without infinity.
    package let bounds: [Double]
    /// Observations in each bucket (not cumulative): one per bound, then those above the last bound.
    package let counts: [UInt64]
    package let sum: Double

    package init(labels: [MetricLabel] = [], bounds: [Double], counts: [UInt64], sum: Double) {
        self.labels = labels
        self.bounds = bounds
        self.counts = counts
        self.sum = sum
    }
}
