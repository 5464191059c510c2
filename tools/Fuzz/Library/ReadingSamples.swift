/// Small files of readings in XML, to be damaged.
enum ReadingSamples {
    static let greenButton = """
        <?xml version="1.0" encoding="UTF-8"?>
        <feed xmlns="http://www.w3.org/2005/Atom" xmlns:espi="http://naesb.org/espi"><title>a &amp; b</title>
        <entry><link rel="self" href="ReadingType/1"/><content><espi:ReadingType><espi:commodity>1</espi:commodity>\
        <espi:powerOfTenMultiplier>0</espi:powerOfTenMultiplier><espi:uom>72</espi:uom></espi:ReadingType></content></entry>
        <entry><link rel="self" href="UsagePoint/1/MeterReading/1/IntervalBlock/1"/><content><espi:IntervalBlock>
        <espi:IntervalReading><espi:timePeriod><espi:duration>900</espi:duration><espi:start>1362891600</espi:start></espi:timePeriod>\
        <espi:value>17</espi:value></espi:IntervalReading>
        </espi:IntervalBlock></content></entry></feed>
        """

    static let marketDocument = """
        <?xml version="1.0" encoding="UTF-8"?>
        <VHD_Envelope><MarketDocument><TimeSeries><businessType>A04</businessType><flowDirection.direction>A02</flowDirection.direction>
        <energy_Measurement_Unit.name>KWH</energy_Measurement_Unit.name><Period><resolution>PT15M</resolution>
        <timeInterval><start>2024-12-01T00:00Z</start><end>2024-12-01T00:30Z</end></timeInterval>
        <Point><position>1</position><energy_Quantity.quantity>0.25</energy_Quantity.quantity></Point></Period>
        <marketEvaluationPoint.mRID codingScheme="A02">AT001</marketEvaluationPoint.mRID></TimeSeries></MarketDocument></VHD_Envelope>
        """
}
