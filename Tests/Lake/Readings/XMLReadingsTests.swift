import Foundation
import Primitives
import Settlement
import TestSupport
import Testing
import Trading

/// Green Button and CIM documents, made here in the shape that the standards give.
enum XMLSamples {
    static let settings = AdaptorSettings(
        clock: CivilTime.clock("America/New_York", years: 2012...2026) ?? .utc,
        meters: ["01": MeterNumber(1), "AT001": MeterNumber(2), "AT002": MeterNumber(3)],
        receivedAt: Timestamp(1_700_000_000_000))

    static func entry(_ own: String, up: String = "", related: [String] = [], _ content: String) -> String {
        """
        <entry><id>urn:uuid:\(own.count)</id><link rel="self" href="\(own)"/>\(up.isEmpty ? "" : "<link rel='up' href='\(up)'/>")
        \(related.map { "<link rel=\"related\" href=\"\($0)\"/>" }.joined())<title/>
        <content>\(content)</content></entry>
        """
    }

    static func type(_ flow: Int, power: Int = 0, unit: Int = 72, behaviour: Int = 4) -> String {
        """
        <espi:ReadingType><espi:accumulationBehaviour>\(behaviour)</espi:accumulationBehaviour><espi:commodity>1</espi:commodity>
        <espi:flowDirection>\(flow)</espi:flowDirection><espi:powerOfTenMultiplier>\(power)</espi:powerOfTenMultiplier>
        <espi:uom>\(unit)</espi:uom></espi:ReadingType>
        """
    }

    static func block(_ start: Int, _ values: [String], seconds: Int = 900, quality: Int? = nil) -> String {
        let readings = values.enumerated().map { index, value in
            "<espi:IntervalReading>"
                + (quality.map { "<espi:ReadingQuality><espi:quality>\($0)</espi:quality></espi:ReadingQuality>" } ?? "")
                + "<espi:timePeriod><espi:duration>\(seconds)</espi:duration><espi:start>\(start + index * seconds)</espi:start></espi:timePeriod>"
                + "<espi:value>\(value)</espi:value></espi:IntervalReading>"
        }
        return
            "<espi:IntervalBlock><espi:interval><espi:duration>\(values.count * seconds)</espi:duration><espi:start>\(start)</espi:start></espi:interval>\n"
            + readings.joined(separator: "\n") + "</espi:IntervalBlock>"
    }

    static func feed(_ entries: [String]) -> [UInt8] {
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <?xml-stylesheet type="text/xsl" href="GreenButtonDataStyleSheet.xslt"?>
            <feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi">
            <!-- made for a test --><title>Green &amp; Button</title>
            \(entries.joined(separator: "\n"))
            </feed>
            """.utf8)
    }

    static let base = "RetailCustomer/9/UsagePoint/01"

    /// 2013-03-10T05:00Z is midnight in New York, on the day with 23 hours.
    static func house(_ forward: [String], _ reverse: [String], start: Int = 1_362_891_600) -> [UInt8] {
        feed([
            entry(
                base,
                "<espi:UsagePoint><espi:ServiceCategory><espi:kind>0</espi:kind></espi:ServiceCategory></espi:UsagePoint>"
            ),
            entry(
                "\(base)/MeterReading/1", related: ["\(base)/MeterReading/1/IntervalBlock", "ReadingType/1"],
                "<espi:MeterReading/>"),
            entry(
                "\(base)/MeterReading/2", related: ["\(base)/MeterReading/2/IntervalBlock", "ReadingType/2"],
                "<espi:MeterReading/>"),
            entry("ReadingType/1", type(1, power: -1)), entry("ReadingType/2", type(19, power: 3)),
            entry(
                "\(base)/MeterReading/1/IntervalBlock/a", up: "\(base)/MeterReading/1/IntervalBlock",
                block(start, forward)),
            entry(
                "\(base)/MeterReading/2/IntervalBlock/a", up: "\(base)/MeterReading/2/IntervalBlock",
                block(start, reverse, quality: 8)),
        ])
    }

    static func series(_ meter: String, business: String, flow: String, unit: String = "KWH", _ period: String)
        -> String
    {
        """
        <ns1:TimeSeries><ns1:mRID>x</ns1:mRID><ns1:businessType>\(business)</ns1:businessType>
        <ns1:flowDirection.direction>\(flow)</ns1:flowDirection.direction>
        <ns1:marketEvaluationPoint.mRID><ns1:codingScheme>A02</ns1:codingScheme><ns1:value>\(meter)</ns1:value></ns1:marketEvaluationPoint.mRID>
        <ns1:energy_Measurement_Unit.name>\(unit)</ns1:energy_Measurement_Unit.name>
        <ns1:Series_PeriodList>\(period)</ns1:Series_PeriodList></ns1:TimeSeries>
        """
    }

    static func period(
        _ start: String, _ end: String, _ points: [(String, String, String)], resolution: String = "PT15M"
    ) -> String {
        """
        <ns1:Series_Period><ns1:timeInterval><ns1:start>\(start)</ns1:start><ns1:end>\(end)</ns1:end></ns1:timeInterval>
        <ns1:resolution>\(resolution)</ns1:resolution><ns1:PointList>
        """
            + points.map {
                "<ns1:Point><ns1:position>\($0.0)</ns1:position><ns1:energy_Quantity.quantity>\($0.1)</ns1:energy_Quantity.quantity>"
                    + "<ns1:energy_Quantity.quality>\($0.2)</ns1:energy_Quantity.quality></ns1:Point>\n"
            }.joined() + "</ns1:PointList></ns1:Series_Period>"
    }

    static func document(_ series: [String]) -> [UInt8] {
        Array(
            """
            <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
            <ns1:ValidatedHistoricalData_Envelope xmlns:ns1="http://www.eddie.energy/VHD/EDD01/20240614">
            <ns1:ValidatedHistoricalData_MarketDocument><ns1:period.timeInterval><ns1:start>2020-01-01T00:00Z</ns1:start></ns1:period.timeInterval>
            <ns1:TimeSeriesList>\(series.joined())</ns1:TimeSeriesList>
            </ns1:ValidatedHistoricalData_MarketDocument></ns1:ValidatedHistoricalData_Envelope>
            """.utf8)
    }
}

@Suite("Green Button and CIM")
struct XMLReadingsTests {
    @Test func greenButtonOfADayWith23Hours() throws {
        let forward = (0..<92).map { "\($0 * 10 + 5)" }
        let bytes = XMLSamples.house(forward, (0..<92).map { "\($0 % 3)" })
        #expect(ReadingsFormat.detect(bytes) == .greenButton)
        let adapted = try GreenButtonAdaptor(XMLSamples.settings).read(bytes)
        #expect(adapted.resolution == .minutes15 && adapted.rejectedCount == 0)
        let readings = adapted.series[0].readings
        #expect(readings.count == 184 && readings[0].start == Timestamp(1_362_891_600_000))
        // Tenths of a watt-hour round half up, and that is told; thousands are exact.
        #expect(readings.filter { $0.direction == .import }.prefix(3).map(\.energy) == [1, 2, 3])
        #expect(adapted.notices.count { $0.kind == .rounded } == 92)
        #expect(readings.filter { $0.direction == .export }.prefix(3).map(\.energy) == [0, 1_000, 2_000])
        #expect(readings.filter { $0.direction == .export }.allSatisfy { $0.quality == .estimated })
        // The day's last quarter hour ends at midnight in New York.
        #expect(readings.last?.start == Timestamp(1_362_891_600_000 + 91 * 900_000))
    }

    @Test func greenButtonThatIsRefused() throws {
        let base = XMLSamples.base
        func read(_ entries: [String], meter: String? = nil) throws -> AdaptedReadings {
            try GreenButtonAdaptor(XMLSamples.settings, meter: meter).read(XMLSamples.feed(entries))
        }
        let block = XMLSamples.entry(
            "\(base)/MeterReading/1/IntervalBlock/a", up: "\(base)/MeterReading/1/IntervalBlock",
            XMLSamples.block(1_362_891_600, ["5", "6"]))
        for (type, word) in [
            (XMLSamples.type(1, unit: 38), "unit"), (XMLSamples.type(1, behaviour: 3), "accumulation"),
            (XMLSamples.type(2), "flow direction"), (XMLSamples.type(1, power: 40), "power"),
        ] {
            let adapted = try read([XMLSamples.entry("ReadingType/1", type), block])
            #expect(adapted.series.isEmpty && adapted.rejectedCount == 2)
            #expect(adapted.rejected.allSatisfy { $0.reason.contains(word) }, "\(adapted.rejected)")
        }
        let daily = XMLSamples.entry("x/IntervalBlock/a", XMLSamples.block(1_362_891_600, ["5"], seconds: 86_400))
        #expect(throws: AdaptorError.self) { try read([XMLSamples.entry("ReadingType/1", XMLSamples.type(1)), daily]) }
        let odd = XMLSamples.entry(
            "\(base)/MeterReading/1/IntervalBlock/b", up: "\(base)/MeterReading/1/IntervalBlock",
            XMLSamples.block(1_362_899_999, ["5", "x", "-3"]))
        let adapted = try read([XMLSamples.entry("ReadingType/1", XMLSamples.type(1)), block, odd])
        #expect(adapted.rejectedCount == 3 && adapted.series[0].readings.count == 2)
        // Days that begin at midnight UTC, in New York.
        let days = (0..<3).map {
            XMLSamples.entry(
                "\(base)/MeterReading/1/IntervalBlock/\($0)", up: "\(base)/MeterReading/1/IntervalBlock",
                XMLSamples.block(1_362_873_600 + $0 * 86_400, Array(repeating: "5", count: 96)))
        }
        let shifted = try read([XMLSamples.entry("ReadingType/1", XMLSamples.type(1))] + days)
        #expect(shifted.notices.contains { $0.kind == .mislabelledClock })
        #expect(shifted.notices.contains { $0.kind == .stuck && $0.count == 288 })
    }

    @Test func marketDocument() throws {
        let points = (1...4).map { ("\($0)", "0.25\($0)", "A04") }
        let bytes = XMLSamples.document([
            XMLSamples.series(
                "AT001", business: "A04", flow: "A02",
                XMLSamples.period("2024-12-01T00:00Z", "2024-12-01T01:00Z", points)),
            XMLSamples.series(
                "AT001", business: "A01", flow: "A01", unit: "WHR",
                XMLSamples.period(
                    "2024-12-01T00:00Z", "2024-12-01T01:00Z",
                    [("2", "7", "A03"), ("1", "3", "A01"), ("3", "1", "A02"), ("9", "1", "A04"), ("x", "1", "A04")])),
            XMLSamples.series(
                "AT002", business: "A04", flow: "A02",
                XMLSamples.period(
                    "2024-12-01T00:00Z", "2024-12-01T01:00Z", points + [("5", "1", "A04")],
                    resolution: "P0Y0M0DT0H15M0.000S")),
            XMLSamples.series(
                "AT001", business: "A04", flow: "A01",
                XMLSamples.period("2024-12-02T00:00Z", "2024-12-02T01:00Z", points)),
            XMLSamples.series(
                "AT009", business: "A04", flow: "A02",
                XMLSamples.period("2024-12-02T00:00Z", "2024-12-02T01:00Z", points)),
            XMLSamples.series(
                "AT001", business: "A04", flow: "A02", unit: "MAW",
                XMLSamples.period("2024-12-02T00:00Z", "2024-12-02T01:00Z", points)),
            XMLSamples.series(
                "AT001", business: "A04", flow: "A02",
                XMLSamples.period("2024-12-02T00:00Z", "2024-12-02T01:00Z", points, resolution: "P1D")),
        ])
        #expect(ReadingsFormat.detect(bytes) == .cim)
        let adapted = try MarketDocumentAdaptor(XMLSamples.settings).read(bytes)
        #expect(adapted.series.map(\.meter) == [MeterNumber(2), MeterNumber(3)])
        let first = adapted.series[0].readings
        #expect(first.filter { $0.direction == .import }.map(\.energy) == [251, 252, 253, 254])
        #expect(first.filter { $0.direction == .export }.map(\.energy) == [3, 7, 0, 0])
        #expect(first.filter { $0.direction == .export }.map(\.quality) == [.adjusted, .estimated, .missing, .missing])
        #expect(adapted.notices.contains { $0.kind == .mislabelledClock && $0.meter == "AT002" })
        for word in [
            "position '9'", "position 'x'", "not available", "direction", "AT009", "MAW", "P1D", "position '5'",
        ] {
            #expect(adapted.rejected.contains { $0.reason.contains(word) }, "\(word)")
        }
        #expect(adapted.rejectedCount == 4 + 4 * 4)
    }

    @Test func documentsThatAreRefused() throws {
        let start = "<feed xmlns='http://naesb.org/espi'>"
        let deep = String(repeating: "<a>", count: 40) + String(repeating: "</a>", count: 40)
        for text in [
            "", "<", "<a", "<a>", "<a></b>", "<a/><b/>", "text", "<a>&unknown;</a>", "<a>&#0;</a>", "<a>&amp</a>",
            "<!DOCTYPE lolz [<!ENTITY lol \"lol\">]><lolz>&lol;</lolz>",
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>",
            "<a b=c/>", "<a b=\"<\"/>", "<a b=\"1/>", "<a><!-- </a>", "<a><![CDATA[ </a>", deep, start + "</feed>",
            "<\(String(repeating: "n", count: 200))/>", "<a \((0..<40).map { "b\($0)='1'" }.joined(separator: " "))/>",
            "<a b='\(String(repeating: "v", count: 5_000))'/>", "<a>\(String(repeating: "t", count: 70_000))</a>",
        ] {
            #expect(throws: AdaptorError.self, "\(text.prefix(60))") {
                try GreenButtonAdaptor(XMLSamples.settings).read(Array(text.utf8))
            }
            #expect(throws: AdaptorError.self, "\(text.prefix(60))") {
                try MarketDocumentAdaptor(XMLSamples.settings).read(Array(text.utf8))
            }
        }
    }
}
