internal import Chain
internal import ContractKit
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Reads objects of the registry; keeps what can never change and is asked for more than once.
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
        let name = RegistryName(url)
        return try await reading { state in
            try self.object(name, selection, try state.value(name.headKey), in: state, isAskedAgain: true)
        }
    }

    /// What `body` reads of the newest final state; of the next one when the first was pruned meanwhile.
    func reading<Value>(_ body: (any FinalState) throws -> Value) async throws -> Value {
        do {
            return try body(try await reader.finalState())
        } catch is StorageFailure {
            do {
                return try body(try await reader.finalState())
            } catch let failure as StorageFailure {
                throw reader.explain(failure)
            }
        }
    }

    /// The object in `state`, which has `head` under its head key. What was read is kept only for objects that are asked
    /// for again: most are asked for once, and keeping costs as much as reading does.
    func object(
        _ name: RegistryName, _ selection: VersionSelection, _ head: [UInt8]?, in state: any FinalState,
        isAskedAgain: Bool
    ) throws -> ResolvedObject {
        guard let head else {
            throw ResolutionProblem(
                .notFound, "The registry has no \(name.url.prefix(256)).", evidence: [name.headKey])
        }
        let reading = Reading(
            lookup: self, state: state, name: name, head: try RegistryLookup.decode(ObjectHead.self, head),
            isAskedAgain: isAskedAgain)
        return try reading.object(selection)
    }

    /// One object being read.
    private struct Reading {
        let lookup: RegistryLookup
        let state: any FinalState
        let name: RegistryName
        let head: ObjectHead
        let isAskedAgain: Bool

        func object(_ selection: VersionSelection) throws -> ResolvedObject {
            let number = try number(selection)
            let first = try version(1)
            let version = number == 1 ? first : try version(number)
            return ResolvedObject(
                url: name.url, id: name.id, head: head, number: number, version: version, first: first,
                next: number < head.latest ? try self.version(number + 1) : nil,
                content: try content(of: version), height: state.height, time: state.time)
        }

        private func number(_ selection: VersionSelection) throws -> UInt32 {
            switch selection {
            case .latest: return head.latest
            case .numberAt(let number, let time):
                let then = try self.number(.time(time))
                guard number == then else {
                    throw ResolutionProblem(
                        .notFound, "Version \(then) was the newest then, not \(number).",
                        evidence: [name.headKey, RegistryKeys.version(name.id, then)])
                }
                return number
            case .number(let number):
                guard number >= 1, number <= head.latest else {
                    throw ResolutionProblem(
                        .notFound, "There are versions 1 to \(head.latest), not \(number).",
                        evidence: [name.headKey])
                }
                return number
            case .time(let time):
                var low: UInt32 = 1
                var high = head.latest
                guard try version(1).time <= time else {
                    throw ResolutionProblem(
                        .notFound, "It was created after that time.",
                        evidence: [name.headKey, RegistryKeys.version(name.id, 1)])
                }
                // Times never go back, so that the newest one that is old enough is found by halving.
                while low < high {
                    let middle = low + (high - low + 1) / 2
                    if try version(middle).time <= time { low = middle } else { high = middle - 1 }
                }
                return low
            }
        }

        private func version(_ number: UInt32) throws -> ObjectVersion {
            let key = VersionName(object: name.id, number: number)
            if isAskedAgain, let known = lookup.versions[key] { return known }
            guard let bytes = try state.value(RegistryKeys.version(name.id, number)) else {
                throw RegistryLookup.damaged()
            }
            let record = try RegistryLookup.decode(ObjectVersion.self, bytes)
            if isAskedAgain { lookup.versions.keep(record, for: key, cost: 128) }
            return record
        }

        private func content(of version: ObjectVersion) throws -> [UInt8] {
            if version.byteCount == 0 { return [] }
            // A list costs more to write than to keep.
            let isKept = isAskedAgain || head.kind == .revocationList
            if isKept, let known = lookup.contents[version.content] { return known }
            let bytes = head.kind == .revocationList ? try list(version) : try text(version)
            guard SHA256.hash(bytes) == version.content else { throw RegistryLookup.damaged() }
            if isKept { lookup.contents.keep(bytes, for: version.content, cost: bytes.count + 64) }
            return bytes
        }

        private func text(_ version: ObjectVersion) throws -> [UInt8] {
            let count = (Int(version.byteCount) - 1) / ContentPart.bytesMax + 1
            guard count <= Int(RegistryLookup.partsMax) else { throw RegistryLookup.damaged() }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(Int(version.byteCount))
            for index in 0..<UInt16(count) {
                guard let part = try part(index, of: version) else { break }
                bytes += part
            }
            return bytes
        }

        private func part(_ index: UInt16, of version: ObjectVersion) throws -> [UInt8]? {
            guard let value = try state.value(RegistryKeys.part(version.content, index)) else { return nil }
            return try RegistryLookup.decode(ContentPart.self, value).bytes
        }

        /// A list is stored shorter than its text is: its parts are full but for the last.
        private func list(_ version: ObjectVersion) throws -> [UInt8] {
            var bytes: [UInt8] = []
            for index in 0..<RegistryLookup.partsMax {
                let part = try part(index, of: version) ?? []
                bytes += part
                if part.count < ContentPart.bytesMax { break }
            }
            let list = try RegistryLookup.decode(RevocationState.self, bytes)
            guard let registry = RevocationState.registryURL(ofList: name.url),
                let issuer = name.url.split(separator: "/").first
            else {
                throw RegistryLookup.damaged()
            }
            return list.content(
                issuer: String(issuer), registry: registry, capacity: head.capacity, time: version.time)
        }
    }

    private static func decode<Value: BCSDecodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        do { return try Value(bcs: bytes) } catch { throw damaged() }
    }

    private static func damaged() -> ResolutionProblem {
        ResolutionProblem(.invalidDocument, "A record of this object cannot be read. Use another node.")
    }
}

/// An object's DID URL without query and fragment, and what the registry calls it.
struct RegistryName: Sendable {
    let url: String
    let id: Digest
    let headKey: [UInt8]

    init(_ url: String) {
        self.url = url
        id = ObjectID(url).digest
        headKey = RegistryKeys.head(id)
    }
}
