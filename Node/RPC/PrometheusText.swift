/// Prometheus' text exposition format, version 0.0.4.
enum PrometheusText {
    static let mediaType = "text/plain; version=0.0.4"

    static func render(_ families: [MetricFamily]) -> [UInt8] {
        var out = ""
        for family in families { render(family, to: &out) }
        return Array(out.utf8)
    }

    private static func render(_ family: MetricFamily, to out: inout String) {
        func head(_ type: String) {
            out += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n# TYPE \(family.name) \(type)\n"
        }
        switch family.samples {
        case .counter(let samples):
            head("counter")
            for sample in samples { out += line(family.name, sample.labels, number(sample.value)) }
        case .gauge(let samples):
            head("gauge")
            for sample in samples { out += line(family.name, sample.labels, number(sample.value)) }
        case .histogram(let samples):
            head("histogram")
            for sample in samples { render(sample, named: family.name, to: &out) }
        }
    }

    private static func render(_ sample: HistogramSample, named name: String, to out: inout String) {
        var total: UInt64 = 0
        for (index, count) in sample.counts.enumerated() {
            total &+= count
            let bound = index < sample.bounds.count ? number(sample.bounds[index]) : "+Inf"
            out += line(name + "_bucket", sample.labels + [MetricLabel("le", bound)], String(total))
        }
        out += line(name + "_sum", sample.labels, number(sample.sum))
        out += line(name + "_count", sample.labels, String(total))
    }

    private static func line(_ name: String, _ labels: [MetricLabel], _ value: String) -> String {
        guard !labels.isEmpty else { return "\(name) \(value)\n" }
        let text = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
        return "\(name){\(text)} \(value)\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }
}
