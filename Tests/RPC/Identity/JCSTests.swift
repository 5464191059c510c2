import Encodings
import Foundation
import TestSupport
import Testing

@Suite struct JCSTests {
    @Test func canonicalFormsAreThoseOfRFC8785() throws {
        let folder = Shared.vectors.appending(path: "jcs/testdata")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "input").path).sorted()
        #expect(names.count >= 6)
        for name in names {
            let input = try Data(contentsOf: folder.appending(path: "input/\(name)"))
            let output = try Data(contentsOf: folder.appending(path: "output/\(name)"))
            let json = try JSON(parsing: [UInt8](input))
            let made = json.canonical(number: JSON.canonicalNumber)
            #expect(made == [UInt8](output), "\(name): \(String(decoding: made ?? [], as: UTF8.self))")
        }
    }

    // RFC 8785, appendix B
    static let numbers: [(UInt64, String)] = [
        (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"), (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"), (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"), (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"), (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"), (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"), (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5557, "333333333.33333343"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ]

    @Test(arguments: numbers.indices) func numbersAsECMAScriptWritesThem(index: Int) {
        let (bits, text) = Self.numbers[index]
        #expect(JSON.canonicalNumber("\(Double(bitPattern: bits))") == text)
    }

    @Test func numbersOutOfRangeHaveNoForm() { #expect(JSON.canonicalNumber("1e400") == nil) }
}
