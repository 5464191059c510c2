internal import Trading

/// The entries of a Green Button feed that matter here, and the links between them.
struct GreenButtonFeed {
    struct ReadingType {
        var accumulation: Int64?
        var commodity: Int64?
        var flowDirection: Int64?
        var unit: Int64?
        var powerOfTen = 0

        /// Units and kinds that are not energy of electricity as differences.
        var problem: String? {
            if let unit, unit != 72 { return "unit \(unit) is not watt-hours (72)" }
            if unit == nil { return "the reading type names no unit" }
            if let commodity, ![0, 1].contains(commodity) { return "commodity \(commodity) is not electricity (1)" }
            if let accumulation, accumulation != 4 {
                return "accumulation behaviour \(accumulation) is not differences (4)"
            }
            return (-18...18).contains(powerOfTen) ? nil : "the power of ten is out of range"
        }

        /// Forward when the feed does not say.
        var direction: Direction? {
            switch flowDirection ?? 1 {
            case 1: .import
            case 19: .export
            default: nil
            }
        }
    }

    struct Interval {
        var start: Int64 = -1
        var seconds: Int64 = 0
        var value = ""
        var quality: Int64?
        var line = 0
    }

    struct Block {
        var up: String
        var duration: Int64
        var intervals: [Interval]
        var line: Int
    }

    private(set) var blocks: [Block] = []
    /// By the link of the entry itself.
    private var types: [String: ReadingType] = [:]
    private var readings: [(own: String, related: [String])] = []

    /// The reading type that the links lead to, or the only one of the feed.
    func type(of block: Block) -> ReadingType? {
        if let reading = readings.first(where: { $0.related.contains(block.up) || block.up.hasPrefix($0.own + "/") }) {
            if let found = reading.related.lazy.compactMap({ types[$0] }).first { return found }
        }
        return types.count == 1 ? types.first?.value : nil
    }

    // MARK: Reading

    private struct Entry {
        var own = ""
        var up = ""
        var related: [String] = []
        var type: ReadingType?
        var isReading = false
        var blocks: [Block] = []
    }

    init(_ bytes: [UInt8]) throws(AdaptorError) {
        var elements = try ElementReader(bytes)
        var entry = Entry()
        var block: Block?
        var interval = Interval()
        var count = 0
        var isESPI = false
        while let step = try elements.next() {
            switch step {
            case .begin(let attributes):
                isESPI = isESPI || attributes.contains { $0.value == GreenButtonAdaptor.namespace }
                switch elements.parent {
                case "entry": entry = Entry()
                case "link": GreenButtonFeed.link(attributes, &entry)
                case "ReadingType": entry.type = ReadingType()
                case "MeterReading": entry.isReading = true
                case "IntervalBlock": block = Block(up: "", duration: 0, intervals: [], line: elements.line)
                case "IntervalReading": interval = Interval(line: elements.line)
                default: break
                }
            case .leaf(let name, let text):
                let number = Int64(text)
                switch elements.parent {
                case "timePeriod":
                    if name == "start" { interval.start = number ?? -1 }
                    if name == "duration" { interval.seconds = number ?? 0 }
                case "IntervalReading": if name == "value" { interval.value = text }
                case "ReadingQuality": if name == "quality" { interval.quality = number ?? -1 }
                case "interval": if name == "duration" { block?.duration = number ?? 0 }
                case "ReadingType": GreenButtonFeed.set(&entry.type, name, number)
                default: break
                }
                if name == "MeterReading" { entry.isReading = true }
            case .end("IntervalReading"):
                guard count < ReadingCollector.valuesMax else {
                    throw AdaptorError("the feed has too many readings; split it")
                }
                count += 1
                block?.intervals.append(interval)
            case .end("IntervalBlock"):
                if let block { entry.blocks.append(block) }
                block = nil
            case .end("entry"):
                try take(entry)
            case .end: break
            }
        }
        guard isESPI else {
            throw AdaptorError("no element is of \(GreenButtonAdaptor.namespace); this is no Green Button file")
        }
    }

    private mutating func take(_ entry: Entry) throws(AdaptorError) {
        guard readings.count + types.count + blocks.count < GreenButtonAdaptor.entriesMax else {
            throw AdaptorError("the feed has more than \(GreenButtonAdaptor.entriesMax) entries; split it")
        }
        if let type = entry.type { types[entry.own] = type }
        if entry.isReading { readings.append((own: entry.own, related: entry.related)) }
        for var block in entry.blocks {
            block.up = entry.up.isEmpty ? entry.own : entry.up
            blocks.append(block)
        }
    }

    private static func link(_ attributes: [XMLScanner.Attribute], _ entry: inout Entry) {
        func value(_ name: String) -> String { attributes.first { $0.name == name }?.value ?? "" }
        switch value("rel") {
        case "self": entry.own = value("href")
        case "up": entry.up = value("href")
        case "related": if entry.related.count < 64 { entry.related.append(value("href")) }
        default: break
        }
    }

    private static func set(_ type: inout ReadingType?, _ name: String, _ number: Int64?) {
        switch name {
        case "accumulationBehaviour": type?.accumulation = number ?? -1
        case "commodity": type?.commodity = number ?? -1
        case "flowDirection": type?.flowDirection = number ?? -1
        case "uom": type?.unit = number ?? -1
        case "powerOfTenMultiplier": type?.powerOfTen = Int(clamping: number ?? 99)
        default: break
        }
    }
}
