internal import Primitives

/// What links say to each other on channel 127, BCS.
enum ControlMessage: Hashable, BCSCodable {
    /// First on every link, from both sides.
    case hello(Hello)
    case ping(UInt64)
    /// Repeats the number of a ping.
    case pong(UInt64)

    struct Hello: Hashable {
        static let version: UInt16 = 1
        let network: Digest
        /// Of the sender's process.
        let incarnation: UInt64
    }

    func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .hello(let hello):
            encoder.uleb(0)
            encoder.u16(Hello.version)
            encoder.fixed(hello.network)
            encoder.u64(hello.incarnation)
        case .ping(let number):
            encoder.uleb(1)
            encoder.u64(number)
        case .pong(let number):
            encoder.uleb(2)
            encoder.u64(number)
        }
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0:
            guard try decoder.u16() == Hello.version else {
                throw decoder.failure(.invalid("the peer speaks another version of the link format"))
            }
            self = .hello(Hello(network: try decoder.digest(), incarnation: try decoder.u64()))
        case 1: self = .ping(try decoder.u64())
        case 2: self = .pong(try decoder.u64())
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
