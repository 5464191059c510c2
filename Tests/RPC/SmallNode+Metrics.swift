import Primitives
import RPC

extension SmallNode {
    func metrics() -> [MetricFamily] {
        [
            MetricFamily(
                "commonwatt_final_height", "Newest final block.", .gauge([MetricSample(Double(height.value))])),
            MetricFamily(
                "commonwatt_example_seconds", "A histogram of the small node.",
                .histogram([HistogramSample(bounds: [0.1, 1], counts: [2, 1, 1], sum: 3.5)])),
        ]
    }
}
