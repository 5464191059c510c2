internal import Foundation
internal import LedgerCrypto
package import Primitives

/// Who is told what by HTTP POST.
package struct Webhook: Hashable, Sendable {
    package static let urlBytesMax = 1_024
    package static let typesMax = 64
    package static let secretBytes = 24...64

    package enum State: Int64, Hashable, Sendable {
        case active = 0
        /// Its receiver did not take a notice in all attempts; it goes on there when it is resumed.
        case paused = 1
    }

    package let number: Int64
    package let url: String
    /// Shared with the receiver: the key of the signatures.
    package let secret: [UInt8]
    /// Types that it wants; empty for all.
    package let types: [String]
    /// Only notices whose record names this account or data set; nil for all.
    package let subject: Digest?
    package let state: State
    /// The next block whose notices are told, and how many of it have been.
    package let height: Height
    package let told: Int
    /// Attempts at the next notice so far, and what the last one met.
    package let attempts: Int
    package let trouble: String?

    /// Why a webhook cannot be made, nil when it can.
    package static func problem(url: String, secret: [UInt8], types: [String]) -> String? {
        guard url.utf8.count <= urlBytesMax, url.hasPrefix("https://") || url.hasPrefix("http://"),
            url.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return "a webhook's address begins with https:// or http:// and has at most \(urlBytesMax) bytes" }
        guard secretBytes.contains(secret.count) else { return "a webhook's secret has 24 to 64 bytes" }
        guard types.count <= typesMax else { return "a webhook has at most \(typesMax) types" }
        if let unknown = types.first(where: { !MarketNotice.types.contains($0) }) {
            return
                "there are no notices '\(unknown.prefix(64))'; known are \(MarketNotice.types.joined(separator: ", "))"
        }
        return nil
    }

    package func wants(_ notice: MarketNotice) -> Bool {
        (types.isEmpty || types.contains(notice.type)) && (subject.map { notice.names($0) } ?? true)
    }

    /// Header fields of a delivery, as the Standard Webhooks specification has them (webhook-id, webhook-timestamp,
    /// webhook-signature with `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`).
    package static func headers(
        id: String, body: [UInt8], secret: [UInt8], now: Timestamp
    ) -> [(String, String)] {
        let seconds = now.milliseconds / 1_000
        let signed = Array("\(id).\(seconds).".utf8) + body
        let signature = Data(SHA256.hmac(key: secret, signed).bytes).base64EncodedString()
        return [
            ("Content-Type", "application/json"), ("User-Agent", "commonwatt"), ("webhook-id", id),
            ("webhook-timestamp", "\(seconds)"), ("webhook-signature", "v1,\(signature)"),
        ]
    }
}
