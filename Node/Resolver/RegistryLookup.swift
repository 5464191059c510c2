internal import ContractKit
package import Identity
internal import LedgerCrypto
internal import NodeClient
package import Primitives

/// Which version of an object is asked for.
package enum VersionSelection: Hashable, Sendable {
    case latest
    case number(UInt32)
    /// The one that was the newest at the end of this millisecond.
    case time(Timestamp)
    /// The one with this number, if it was the newest then.
    case numberAt(UInt32, Timestamp)
}

/// One version of an object with what its metadata says.
package struct ResolvedObject: Sendable {
    package let url: String
    package let head: ObjectHead
    package let number: UInt32
    package let version: ObjectVersion
    package let first: ObjectVersion
    package let next: ObjectVersion?
    package let last: ObjectVersion
    /// Canonical JSON; empty for the version that ends a DID.
    package let content: [UInt8]
    /// The state that the head was read from.
    package let height: Height
    package let time: Timestamp

    /// Keys of all records that the answer rests on.
    package var evidence: [[UInt8]] {
        var numbers: Set<UInt32> = [1, number, head.latest]
        if number < head.latest { numbers.insert(number + 1) }
        return [RegistryKeys.head(url)] + numbers.sorted().map { RegistryKeys.version(url, $0) }
    }
}

/// Reads objects of the registry; keeps what can never change.
package final class RegistryLookup: Sendable {
    private struct VersionName: Hashable, Sendable {
        let object: Digest
        let number: UInt32
    }

    /// Parts of one content: 66 for the longest that a call can carry.
    static let partsMax: UInt16 = 128

    let reader: any RegistryReader
    private let contents = BoundedCache<Digest, [UInt8]>(costMax: 64 * 1_024 * 1_024)
    private let versions = BoundedCache<VersionName, ObjectVersion>(costMax: 16 * 1_024 * 1_024)

    package init(reader: any RegistryReader) { self.reader = reader }

    /// The object at a DID URL without query and fragment. Throws `ResolutionProblem` when it is not there.
    package func object(_ url: String, _ selection: VersionSelection = .latest) async throws -> ResolvedObject {
        let headKey = RegistryKeys.head(url)
        return try await object(url, selection, headKey, try await reader.values([headKey]))
    }

    /// The same with the head already read.
    func object(
        _ url: String, _ selection: VersionSelection, _ headKey: [UInt8], _ read: StateValues
    ) async throws -> ResolvedObject {
        guard let bytes = read.values.first ?? nil else {
            throw ResolutionProblem(.notFound, "The registry has no \(url.prefix(256)).", evidence: [headKey])
        }
        let head = try decode(ObjectHead.self, bytes)
        let number = try await number(selection, url, head, headKey)
        var wanted = [number]
        for other in [1, head.latest, number < head.latest ? number + 1 : number] where !wanted.contains(other) {
            wanted.append(other)
        }
        let records = Dictionary(
            uniqueKeysWithValues: zip(wanted, try await self.records(wanted, url)))
        guard let version = records[number], let first = records[1], let last = records[head.latest] else {
            throw damaged()
        }
        return ResolvedObject(
            url: url, head: head, number: number, version: version, first: first,
            next: number < head.latest ? records[number + 1] : nil, last: last,
            content: try await content(of: version, head, url), height: read.height, time: read.time)
    }

    private func number(
        _ selection: VersionSelection, _ url: String, _ head: ObjectHead, _ headKey: [UInt8]
    ) async throws -> UInt32 {
        switch selection {
        case .latest: return head.latest
        case .numberAt(let number, let time):
            let then = try await self.number(.time(time), url, head, headKey)
            guard number == then else {
                throw ResolutionProblem(
                    .notFound, "Version \(then) was the newest then, not \(number).",
                    evidence: [headKey, RegistryKeys.version(url, then)])
            }
            return number
        case .number(let number):
            guard number >= 1, number <= head.latest else {
                throw ResolutionProblem(
                    .notFound, "There are versions 1 to \(head.latest), not \(number).", evidence: [headKey])
            }
            return number
        case .time(let time):
            var low: UInt32 = 1
            var high = head.latest
            guard try await self.records([1], url).first?.time ?? time <= time else {
                throw ResolutionProblem(
                    .notFound, "It was created after that time.",
                    evidence: [headKey, RegistryKeys.version(url, 1)])
            }
            // Times never go back, so that the newest one that is old enough is found by halving.
            while low < high {
                let middle = low + (high - low + 1) / 2
                guard let record = try await self.records([middle], url).first else { throw damaged() }
                if record.time <= time { low = middle } else { high = middle - 1 }
            }
            return low
        }
    }

    /// `numbers` are distinct.
    private func records(_ numbers: [UInt32], _ url: String) async throws -> [ObjectVersion] {
        let object = ObjectID(url).digest
        let known = numbers.map { versions[VersionName(object: object, number: $0)] }
        let missing = zip(numbers, known).filter { $0.1 == nil }.map(\.0)
        if missing.isEmpty { return known.compactMap { $0 } }
        let read = try await reader.values(missing.map { RegistryKeys.version(object, $0) })
        var added: [ObjectVersion] = []
        for (number, value) in zip(missing, read.values) {
            guard let value else { throw damaged() }
            let record = try decode(ObjectVersion.self, value)
            added.append(record)
            versions.keep(record, for: VersionName(object: object, number: number), cost: 128)
        }
        var rest = added[...]
        return known.compactMap { $0 ?? rest.popFirst() }
    }

    private func content(of version: ObjectVersion, _ head: ObjectHead, _ url: String) async throws -> [UInt8] {
        if version.byteCount == 0 { return [] }
        if let known = contents[version.content] { return known }
        let bytes =
            head.kind == .revocationList
            ? try text(ofList: try await list(version), version, head, url)
            : try await parts(
                0..<UInt16(clamping: (Int(version.byteCount) - 1) / ContentPart.bytesMax + 1), of: version)
        guard SHA256.hash(bytes) == version.content else { throw damaged() }
        contents.keep(bytes, for: version.content, cost: bytes.count + 64)
        return bytes
    }

    /// So many parts in one read; fewer bytes when the state does not have them all.
    private func parts(_ indices: Range<UInt16>, of version: ObjectVersion) async throws -> [UInt8] {
        guard indices.upperBound <= RegistryLookup.partsMax else { throw damaged() }
        let read = try await reader.values(indices.map { RegistryKeys.part(version.content, $0) })
        var bytes: [UInt8] = []
        for value in read.values {
            guard let value else { break }
            bytes += try decode(ContentPart.self, value).bytes
        }
        return bytes
    }

    /// A list is stored shorter than its text is: its parts are full but for the last.
    private func list(_ version: ObjectVersion) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<RegistryLookup.partsMax {
            let part = try await parts(index..<index + 1, of: version)
            bytes += part
            if part.count < ContentPart.bytesMax { break }
        }
        return bytes
    }

    private func text(
        ofList bytes: [UInt8], _ version: ObjectVersion, _ head: ObjectHead, _ url: String
    ) throws -> [UInt8] {
        let state = try decode(RevocationState.self, bytes)
        guard let registry = RevocationState.registryURL(ofList: url), let issuer = url.split(separator: "/").first
        else {
            throw damaged()
        }
        return state.content(
            issuer: String(issuer), registry: registry, capacity: head.capacity, time: version.time)
    }

    private func decode<Value: BCSDecodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        do { return try Value(bcs: bytes) } catch { throw damaged() }
    }

    private func damaged() -> ResolutionProblem {
        ResolutionProblem(.invalidDocument, "A record of this object cannot be read. Use another node.")
    }
}
