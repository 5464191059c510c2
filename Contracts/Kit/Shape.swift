package import Chain
package import LedgerCrypto
package import Primitives

/// The BCS layout of a value, said once: the interface JSON, the documentation and the argument fuzzer read it.
package indirect enum Shape: Hashable, Sendable {
    case bool, u8, u16, u32, u64, i64
    /// 32 bytes without a length.
    case digest
    /// 20 bytes: an instance.
    case address
    /// Scheme tag and key bytes.
    case publicKey
    /// 64 bytes without a length.
    case signature
    /// UTF-8 of at most `max` bytes, with its length.
    case text(max: Int)
    /// At most `max` bytes, with their length.
    case bytes(max: Int)
    case option(Shape)
    case list(Shape, max: Int)
    /// Fields in order.
    case record(String, [Field])
    /// ULEB128 tag, then the fields of that case.
    case choice(String, [Case])
    /// One byte: an enumeration without payload.
    case code(String, [CodeValue])

    package struct Field: Hashable, Sendable {
        package let name: String
        package let shape: Shape
        package init(_ name: String, _ shape: Shape) {
            self.name = name
            self.shape = shape
        }
    }

    package struct Case: Hashable, Sendable {
        package let tag: UInt32
        package let name: String
        package let fields: [Field]
        package init(_ tag: UInt32, _ name: String, _ fields: [Field] = []) {
            self.tag = tag
            self.name = name
            self.fields = fields
        }
    }

    package struct CodeValue: Hashable, Sendable {
        package let value: UInt8
        package let name: String
        package init(_ value: UInt8, _ name: String) {
            self.value = value
            self.name = name
        }
    }

    /// Short form for a record: `.fields("Put", ("key", .text(max: 64)), ("value", .bytes(max: 512)))`.
    package static func fields(_ name: String, _ fields: (String, Shape)...) -> Shape {
        .record(name, fields.map { Field($0.0, $0.1) })
    }
}

/// A value that crosses a contract's border: arguments, results, event payloads, query answers.
package protocol ContractValue: BCSCodable, Sendable {
    /// Must describe exactly what `encode` writes; `ContractsTests` checks that bytes made from it decode.
    static var shape: Shape { get }
}

/// The argument or result of a call that has none. Zero bytes.
package struct Nothing: ContractValue, Hashable {
    package static let shape = Shape.record("Nothing", [])
    package init() {}
    package func encode(to encoder: inout BCSEncoder) {}
    package init(from decoder: inout BCSDecoder) throws(BCSError) {}
}

extension Address: ContractValue { package static var shape: Shape { .address } }
extension Digest: ContractValue { package static var shape: Shape { .digest } }
extension PublicKey: ContractValue { package static var shape: Shape { .publicKey } }
extension Signature: ContractValue { package static var shape: Shape { .signature } }
extension Height: ContractValue { package static var shape: Shape { .u64 } }
extension Timestamp: ContractValue { package static var shape: Shape { .u64 } }
extension Epoch: ContractValue { package static var shape: Shape { .u64 } }
