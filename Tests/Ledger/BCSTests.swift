import Primitives
import TestSupport
import Testing

/// A value of every kind that BCS has here, to test the codec itself.
private struct Everything: Hashable, BCSCodable {
    var small: UInt8 = 1
    var flag = true
    var short: UInt16 = 0x0102
    var middle: UInt32 = 0x0102_0304
    var long: UInt64 = 0x0102_0304_0506_0708
    var signed: Int64 = -2
    var text = "çå∞≠¢õß∂ƒ∫"
    var blob: [UInt8] = [1, 2, 3]
    var list: [Height] = [Height(1), Height(2)]
    var some: Height? = Height(9)
    var none: Height?

    init() {}

    func encode(to encoder: inout BCSEncoder) {
        encoder.u8(small)
        encoder.bool(flag)
        encoder.u16(short)
        encoder.u32(middle)
        encoder.u64(long)
        encoder.i64(signed)
        encoder.string(text)
        encoder.blob(blob)
        encoder.vector(list)
        encoder.option(some)
        encoder.option(none)
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        small = try decoder.u8()
        flag = try decoder.bool()
        short = try decoder.u16()
        middle = try decoder.u32()
        long = try decoder.u64()
        signed = try decoder.i64()
        text = try decoder.string(max: 64)
        blob = try decoder.blob(max: 64)
        list = try decoder.vector(max: 8)
        some = try decoder.option()
        none = try decoder.option()
    }
}

private func reason<Value>(
    _ bytes: [UInt8], _ read: (inout BCSDecoder) throws(BCSError) -> Value
) -> BCSError.Reason? {
    var decoder = BCSDecoder(bytes)
    do {
        _ = try read(&decoder)
        try decoder.finish()
        return nil
    } catch { return error.reason }
}

@Suite struct BCSTests {
    /// Byte by byte from the specification's own examples and rules (github.com/diem/bcs).
    @Test func golden() throws {
        let bytes = Everything().bcs
        #expect(
            Hex.encode(bytes)
                == "01" + "01" + "0201" + "04030201" + "0807060504030201" + "feffffffffffffff"
                + "18c3a7c3a5e2889ee289a0c2a2c3b5c39fe28882c692e288ab" + "03010203"
                + "0201000000000000000200000000000000" + "010900000000000000" + "00")
        #expect(try Everything(bcs: bytes) == Everything())
    }

    @Test(
        arguments: [
            (0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001"), (9_487, "8f4a"),
            (2_097_151, "ffff7f"), (2_097_152, "80808001"), (268_435_455, "ffffff7f"), (268_435_456, "8080808001"),
            (UInt32.max, "ffffffff0f"),
        ] as [(UInt32, String)]) func ulebIsShortest(value: UInt32, hex: String) throws
    {
        var encoder = BCSEncoder()
        encoder.uleb(value)
        #expect(Hex.encode(encoder.bytes) == hex)
        var decoder = BCSDecoder(encoder.bytes)
        #expect(try decoder.uleb() == value)
    }

    @Test(arguments: [
        "8000", "808000", "ff00", "ffffffff10", "ffffffff1f", "80808080808001", "ffffffffff", "8080808000",
    ])
    func otherUlebIsRefused(hex: String) throws {
        let bytes = try #require(Hex.decode(hex))
        #expect(reason(bytes) { (decoder: inout BCSDecoder) throws(BCSError) in try decoder.uleb() } == .notCanonical)
    }

    @Test func everyOtherFormIsRefused() {
        #expect(reason([2]) { (d: inout BCSDecoder) throws(BCSError) in try d.bool() } == .notCanonical)
        #expect(reason([1, 0]) { (d: inout BCSDecoder) throws(BCSError) in try d.bool() } == .trailingBytes)
        #expect(reason([]) { (d: inout BCSDecoder) throws(BCSError) in try d.u8() } == .truncated)
        #expect(reason([1, 2, 3]) { (d: inout BCSDecoder) throws(BCSError) in try d.u32() } == .truncated)
        #expect(reason([3, 1, 2]) { (d: inout BCSDecoder) throws(BCSError) in try d.blob(max: 9) } == .truncated)
        #expect(
            reason([3, 1, 2, 3]) { (d: inout BCSDecoder) throws(BCSError) in try d.blob(max: 2) } == .tooLong(limit: 2))
        #expect(reason([1, 0xff]) { (d: inout BCSDecoder) throws(BCSError) in try d.string(max: 9) } == .notUTF8)
        // An overlong form and a surrogate are no UTF-8.
        #expect(reason([2, 0xc0, 0x80]) { (d: inout BCSDecoder) throws(BCSError) in try d.string(max: 9) } == .notUTF8)
        #expect(
            reason([3, 0xed, 0xa0, 0x80]) { (d: inout BCSDecoder) throws(BCSError) in try d.string(max: 9) } == .notUTF8
        )
        #expect(
            reason([UInt8](repeating: 1, count: 31)) { (d: inout BCSDecoder) throws(BCSError) in try d.digest() }
                == .truncated)
        #expect(reason([1, 2]) { (d: inout BCSDecoder) throws(BCSError) in try d.fixed(-1) } == .truncated)
        #expect(reason([1, 2]) { (d: inout BCSDecoder) throws(BCSError) in try d.fixed(.max) } == .truncated)
        // The largest possible count, without the elements.
        let claimed: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0x0f]
        #expect(
            reason(claimed) { (d: inout BCSDecoder) throws(BCSError) in try d.vector(of: Height.self, max: .max) }
                == .truncated)
    }

    @Test func damageNeverTrapsNorHasTwoEncodings() {
        expectCanonical(Everything(), seed: 1)
    }

    @Test func arithmeticRefusesInsteadOfTrapping() throws {
        #expect(throws: ArithmeticOverflow.self) { try Int64.max.adding(1) }
        #expect(throws: ArithmeticOverflow.self) { try UInt64(0).subtracting(1) }
        #expect(throws: ArithmeticOverflow.self) { try Int64.min.multiplied(by: -1) }
        #expect(throws: ArithmeticOverflow.self) { try Int64(1).scaled(by: 1, over: 0) }
        #expect(throws: ArithmeticOverflow.self) { try Int64.max.scaled(by: 2, over: 1) }
        #expect(throws: ArithmeticOverflow.self) { try Int64(1).scaled(by: 1, over: -1) }
        #expect(try Int64.max.scaled(by: .max, over: .max) == .max)
        #expect(try Int64.min.scaled(by: .max, over: .max) == .min)
        #expect(try Int64(-7).scaled(by: 1, over: 2) == -4)
        #expect(try Int64(7).scaled(by: 1, over: 2) == 3)
        #expect(Height(.max).next == Height(.max))
        #expect(Height(0).previous == nil)
        #expect(View(3).distance(above: View(5)) == 0)
        #expect(Timestamp(.max).adding(milliseconds: 5) == Timestamp(.max))
    }

    @Test func digestsOrderAsTheirBytes() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<200 {
            var (left, right) = (random.bytes(32), random.bytes(32))
            let shared = Int.random(in: 0..<32, using: &random)
            right[..<shared] = left[..<shared]
            if Bool.random(using: &random) { left = right }
            guard let a = Digest(left), let b = Digest(right) else { continue }
            #expect((a < b) == left.lexicographicallyPrecedes(right))
            #expect((a == b) == (left == right))
            for bit in 0..<256 { #expect(a.bit(bit) == ((left[bit / 8] >> (7 - bit % 8)) & 1 == 1)) }
            for nibble in 0..<64 {
                #expect(a.nibble(nibble) == (nibble % 2 == 0 ? left[nibble / 2] >> 4 : left[nibble / 2] & 15))
            }
        }
        #expect(Digest([1, 2]) == nil)
        #expect(Digest(hex: "zz") == nil)
        #expect(!Digest.zero.bit(256) && Digest.zero.nibble(-1) == 0)
    }

    @Test func hexRefusesOtherText() {
        #expect(Hex.decode("0aFf") == [10, 255])
        #expect(Hex.decode("abc") == nil)
        #expect(Hex.decode("0x") == nil)
        #expect(Hex.decode("é") == nil)
        #expect(Hex.encode([0, 171]) == "00ab")
    }
}
