internal import Chain
internal import Encodings
internal import Foundation
internal import LightClient
package import NodeClient
package import Primitives
package import Resolver

/// Resolves through any node of a client and believes only what the proof shows.
package struct IdentityReader: Sendable {
    package let client: NodeClient
    package let networkName: String
    package var ageMillisecondsMax: UInt64

    /// The client must have an anchor: the genesis, or a newer header that it verified.
    package init(client: NodeClient, networkName: String, ageMillisecondsMax: UInt64 = 60_000) {
        self.client = client
        self.networkName = networkName
        self.ageMillisecondsMax = ageMillisecondsMax
    }

    /// The document of a DID, or the object of a DID URL, verified: of the first node whose answer can be believed. When
    /// there is none, throws the `ResolutionRefusal` of the last answer, and `ClientError` when no node answers. Never of a
    /// state below the client's `floor`.
    package func resolve(
        _ target: String, _ selection: VersionSelection = .latest, minimumHeight: Height = Height(0)
    ) async throws -> VerifiedResolution {
        do {
            return try await verified(target, selection, minimumHeight)
        } catch let refusal as ResolutionRefusal {
            // Where the validators changed more often than one proof can show, no answer can be believed yet.
            guard try await client.catchUp() else { throw refusal }
            return try await verified(target, selection, minimumHeight)
        }
    }

    private func verified(
        _ target: String, _ selection: VersionSelection, _ minimumHeight: Height
    ) async throws -> VerifiedResolution {
        let anchor = try client.trusted()
        let least = max(minimumHeight, client.floor)
        let verifier = ResolutionVerifier(
            networkName: networkName, anchor: anchor, ageMillisecondsMax: ageMillisecondsMax, minimumHeight: least)
        let (path, accept) = request(target, selection, least, anchor.epoch)
        let verified = try await client.result(path, accept: accept) { (body) -> VerifiedResolution in
            try verifier.verify(body, for: target, selection: selection, now: .wallClock)
        }
        client.advance(to: verified.anchor)
        return verified
    }

    /// The answer as a node gave it.
    package func fetch(
        _ target: String, _ selection: VersionSelection = .latest, _ minimumHeight: Height = Height(0)
    ) async throws -> [UInt8] {
        let (path, accept) = request(target, selection, minimumHeight, Epoch(0))
        return try await client.result(path, accept: accept)
    }

    private func request(
        _ target: String, _ selection: VersionSelection, _ minimumHeight: Height, _ epoch: Epoch
    ) -> (path: String, accept: String) {
        var query = ["minimumHeight=\(minimumHeight)", "fromEpoch=\(epoch)"]
        switch selection {
        case .latest: break
        case .number(let number): query.append("versionId=\(number)")
        case .numberAt(let number, let time):
            query.append("versionId=\(number)&versionTime=\(IdentityReader.text(time))")
        case .time(let time): query.append("versionTime=\(IdentityReader.text(time))")
        }
        let isObject = (try? DIDURL(target))?.path.isEmpty == false
        let escaped = target.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return (
            "/1.0/identifiers/\(escaped)?\(query.joined(separator: "&"))",
            isObject ? Representation.dereferencingType : Representation.resultType
        )
    }

    /// With milliseconds, so that the node reads the same moment.
    private static func text(_ time: Timestamp) -> String {
        let fraction = String(1_000 + time.value % 1_000).dropFirst()
        return DateTime.text(time).dropLast() + "." + fraction + "Z"
    }
}
