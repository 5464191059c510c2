internal import Trading

/// The time series of a CIM market document, as its elements have them.
struct MarketDocument {
    static let seriesMax = 16_384

    struct Point {
        var position = ""
        var quantity = ""
        var quality = ""
        var line = 0
    }

    struct Period {
        var resolutionText = ""
        var start = ""
        var end = ""
        var points: [Point] = []
        var line = 0

        /// `PT15M`, or the long form `P0Y0M0DT0H15M0.000S`.
        var resolution: Resolution? {
            let text = resolutionText.replacing(/^P0Y0M0D/, with: "P").replacing(/0(\.0+)?S$/, with: "")
                .replacing(/^PT0H/, with: "PT")
            switch text {
            case "PT15M": return .minutes15
            case "PT30M": return .minutes30
            case "PT60M", "PT1H", "PT1H0M": return .minutes60
            default: return nil
            }
        }
    }

    struct Series {
        var meter = ""
        var businessType = ""
        var flow = ""
        var unit = ""
        var periods: [Period] = []
        var line = 0

        var direction: Direction? {
            switch (businessType, flow) {
            case ("A01", "A01"), ("A01", ""): .export
            case ("A04", "A02"), ("A04", ""): .import
            default: nil
            }
        }

        /// Power of ten from the unit to watt-hours.
        var power: Int? {
            switch unit {
            case "WHR": 0
            case "KWH": 3
            case "MWH": 6
            default: nil
            }
        }
    }

    private(set) var series: [Series] = []

    init(_ bytes: [UInt8]) throws(AdaptorError) {
        var elements = try ElementReader(bytes)
        var current = Series()
        var period = Period()
        var point = Point()
        var count = 0
        while let step = try elements.next() {
            switch step {
            case .begin:
                switch elements.parent {
                case "TimeSeries": current = Series(line: elements.line)
                case "Series_Period", "Period": period = Period(line: elements.line)
                case "Point": point = Point(line: elements.line)
                default: break
                }
            case .leaf(let name, let text):
                MarketDocument.set(name, text, elements, &current, &period, &point)
            case .end("Point"):
                guard count < ReadingCollector.valuesMax else {
                    throw AdaptorError("the document has too many points; split it")
                }
                count += 1
                period.points.append(point)
            case .end("Series_Period"), .end("Period"):
                current.periods.append(period)
            case .end("TimeSeries"):
                guard series.count < MarketDocument.seriesMax else {
                    throw AdaptorError("the document has too many series; split it")
                }
                series.append(current)
            case .end: break
            }
        }
        guard !series.isEmpty else { throw AdaptorError("the document has no TimeSeries; this is no market document") }
    }

    private static func set(
        _ name: String, _ text: String, _ elements: ElementReader, _ series: inout Series, _ period: inout Period,
        _ point: inout Point
    ) {
        switch (elements.parent, name) {
        case ("TimeSeries", "businessType"): series.businessType = text
        case ("TimeSeries", "flowDirection.direction"): series.flow = text
        case ("TimeSeries", "energy_Measurement_Unit.name"): series.unit = text
        case ("TimeSeries", "marketEvaluationPoint.mRID"), ("marketEvaluationPoint.mRID", "value"): series.meter = text
        case ("Series_Period", "resolution"), ("Period", "resolution"): period.resolutionText = text
        case ("timeInterval", "start"): if isInPeriod(elements) { period.start = text }
        case ("timeInterval", "end"): if isInPeriod(elements) { period.end = text }
        case ("Point", "position"): point.position = text
        case ("Point", "energy_Quantity.quantity"): point.quantity = text
        case ("Point", "energy_Quantity.quality"): point.quality = text
        default: break
        }
    }

    private static func isInPeriod(_ elements: ElementReader) -> Bool {
        let above = elements.path.dropLast().last
        return above == "Series_Period" || above == "Period"
    }
}
