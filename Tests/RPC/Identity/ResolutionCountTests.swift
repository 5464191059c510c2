import Chain
import Encodings
import Identity
import LedgerCrypto
import LightClient
import NodeClient
import Primitives
import Resolver
import Synchronization
import TestSupport
import Testing

/// What a resolution costs, in counts: they are the same on every machine.
@Suite struct ResolutionCountTests {
    struct Work: Hashable {
        var states = 0
        var reads = 0
        var proofs = 0
    }

    /// Passes everything on, and counts it.
    final class CountingReader: RegistryReader {
        private struct CountedState: FinalState {
            let state: any FinalState
            let counter: CountingReader
            var height: Height { state.height }
            var time: Timestamp { state.time }

            func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
                counter.work.withLock { $0.reads += 1 }
                return try state.value(key)
            }
        }

        private let reader: NodeReader
        private let work = Mutex(Work())

        init(_ reader: NodeReader) { self.reader = reader }

        func finalState() async throws -> any FinalState {
            work.withLock { $0.states += 1 }
            return CountedState(state: try await reader.finalState(), counter: self)
        }

        func proof(_ keys: [[UInt8]], from epoch: Epoch) async throws -> ProofBundle {
            work.withLock { $0.proofs += 1 }
            return try await reader.proof(keys, from: epoch)
        }

        /// What was done since the last call.
        func take() -> Work {
            work.withLock { work in
                defer { work = Work() }
                return work
            }
        }
    }

    @Test func oneStateAndEachRecordOnce() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        try await registry.rotate(0, from: 1, by: 0, to: 2)
        let did = registry.did(0).description
        let reader = CountingReader(NodeReader(node: registry.node))
        let resolver = Resolver(network: registry.node.genesis.network, reader: reader)
        func ask(_ query: String = "?proof=0", accept: String = "application/did-resolution") async throws -> [UInt8] {
            let answer = try await resolver.answer(ResolverRequest(target: did + query, accept: accept))
            #expect(answer.status == 200 && answer.headers.map(\.name) == ["Cache-Control", "ETag"])
            return answer.body
        }
        let document = try await ask("", accept: "application/did")
        let parts = (document.count - 1) / ContentPart.bytesMax + 1
        // Head, first and newest version, and the text in its parts.
        let whole = Work(states: 1, reads: 3 + parts)
        #expect(reader.take() == whole)
        let first = try await ask()
        #expect(reader.take() == whole, "another question keeps nothing for this one")
        #expect(try await ask() == first)
        #expect(reader.take() == whole, "what was asked for once is not kept")
        #expect(try await ask() == first)
        #expect(reader.take() == Work(states: 1, reads: 1), "the head says that the answer stands")
        try await registry.create(1)
        #expect(try await ask() != first, "another height")
        #expect(reader.take() == Work(states: 1, reads: 1), "records and text are kept, the result is written again")
        _ = try await ask("")
        #expect(reader.take() == Work(states: 1, reads: 3 + parts, proofs: 1))
    }

    /// The quick check of an identifier agrees with the reading of it, at the ends of the range and elsewhere.
    @Test func identifiersAreJudgedAsTheyAreRead() async throws {
        let registry = try await RegistryFixture()
        let greatest = Digest(words: (.max, .max, .max, .max))
        var texts = [Digest.zero, greatest].map(Multihash.text)
        for text in texts {
            for place in text.indices {
                for letter in ["1", "2", "A", "Q", "m", "z", "0", "l", "I"] {
                    texts.append(text.replacingCharacters(at: place, with: letter))
                }
            }
        }
        texts += [String(texts[0].dropLast()), texts[0] + "1", ""]
        for index in 0..<200 { texts.append(Multihash.text(SHA256.hash([UInt8(index)]))) }
        for text in texts {
            let target = "\(DID.prefix("bench"))\(text)"
            let status = try await registry.ask(target, accept: "application/did").status
            #expect(status == (DID(target) == nil ? 400 : 404), "\(target)")
        }
        for network in ["", "a", String(repeating: "a", count: 33), "A", "a:b"] {
            let target = "did:cwatt:\(network):\(texts[0])"
            let status = try await registry.ask(target, accept: "application/did").status
            #expect(status == (DID(target) == nil ? 400 : 404), "\(target)")
        }
    }
}

extension String {
    fileprivate func replacingCharacters(at place: Index, with text: String) -> String {
        String(self[..<place]) + text + String(self[index(after: place)...])
    }
}
