import Chain
import Foundation
import LedgerCrypto
import LedgerState
import Primitives
import TestSupport
import Testing

private struct Vector: Decodable {
    let key: String
    let proof: String
    let root: String
    let value: String
}

@Suite struct ICS23Tests {
    static let files = [
        "exist_left", "exist_middle", "exist_right", "nonexist_left", "nonexist_middle", "nonexist_right",
    ]

    @Test(arguments: files) func publicVectors(file: String) throws {
        let vector = try JSONDecoder().decode(
            Vector.self, from: Data(contentsOf: Shared.vectors.appending(path: "ics23/testdata/smt/\(file).json")))
        let bytes = try #require(Hex.decode(vector.proof))
        let root = try #require(Digest(hex: vector.root))
        let key = try #require(Hex.decode(vector.key))
        let value = try #require(Hex.decode(vector.value))
        let proof = try CommitmentProof(protobuf: bytes)
        #expect(proof.protobuf == bytes)
        if file.hasPrefix("exist") {
            #expect(proof.verifyMembership(root: root, key: key, value: value))
            #expect(!proof.verifyMembership(root: root, key: key, value: value + [0]))
            #expect(!proof.verifyMembership(root: root, key: key + [0], value: value))
            #expect(!proof.verifyMembership(root: SHA256.hash([1]), key: key, value: value))
            #expect(!proof.verifyNonMembership(root: root, key: key))
        } else {
            #expect(value.isEmpty)
            #expect(proof.verifyNonMembership(root: root, key: key))
            #expect(!proof.verifyNonMembership(root: SHA256.hash([1]), key: key))
            #expect(!proof.verifyMembership(root: root, key: key, value: [1]))
            guard case .nonexist(let neighbours) = proof else { return }
            for present in [neighbours.left, neighbours.right].compactMap({ $0 }) {
                #expect(!proof.verifyNonMembership(root: root, key: present.key))
            }
        }
    }

    @Test func noVectorFileWasSkipped() throws {
        let folder = Shared.vectors.appending(path: "ics23")
        let found = try #require(FileManager.default.enumerator(atPath: folder.path)).compactMap { $0 as? String }
        let vectors = Set(found.filter { $0.hasSuffix(".json") })
        #expect(vectors == Set(ICS23Tests.files.map { "testdata/smt/\($0).json" }))
    }

    /// A path of `depth` steps to key "k" = "v", beside full siblings; right when `isLeft`.
    private func chain(depth: Int, leaf: LeafOp = .smt, step: InnerOp? = nil) -> (proof: CommitmentProof, root: Digest)
    {
        var digest = SHA256.hash(leaf.prefix + SHA256.hash(Array("k".utf8)).bytes + SHA256.hash(Array("v".utf8)).bytes)
        let step = step ?? InnerOp(sibling: SHA256.hash([7]), isLeft: false)
        for _ in 0..<depth { digest = SHA256.hash(step.prefix + digest.bytes + step.suffix) }
        let path = [InnerOp](repeating: step, count: depth)
        return (
            .exist(ExistenceProof(key: Array("k".utf8), value: Array("v".utf8), leaf: leaf, path: path)), digest
        )
    }

    private func isAccepted(_ made: (proof: CommitmentProof, root: Digest)) -> Bool {
        made.proof.verifyMembership(root: made.root, key: Array("k".utf8), value: Array("v".utf8))
    }

    @Test(arguments: [(0, true), (1, true), (255, true), (256, true), (257, false)])
    func depthIsBounded(depth: Int, expected: Bool) { #expect(isAccepted(chain(depth: depth)) == expected) }

    @Test func onlyLeavesOfTheSpecAreAccepted() {
        for leaf in [
            LeafOp(hash: 2, prehashKey: 1, prehashValue: 1, length: 0, prefix: [0]),
            LeafOp(hash: 1, prehashKey: 0, prehashValue: 1, length: 0, prefix: [0]),
            LeafOp(hash: 1, prehashKey: 1, prehashValue: 0, length: 0, prefix: [0]),
            LeafOp(hash: 1, prehashKey: 1, prehashValue: 1, length: 1, prefix: [0]),
            LeafOp(hash: 1, prehashKey: 1, prehashValue: 1, length: 0, prefix: [1]),
            LeafOp(hash: 1, prehashKey: 1, prehashValue: 1, length: 0, prefix: []),
        ] { #expect(!isAccepted(chain(depth: 2, leaf: leaf))) }
        // Go and Rust take a longer prefix that starts with 00; no tree of ours has such a leaf.
        let longer = LeafOp(hash: 1, prehashKey: 1, prehashValue: 1, length: 0, prefix: [0, 9])
        #expect(isAccepted(chain(depth: 2, leaf: longer)))
        let without = ExistenceProof(key: [1], value: [1], leaf: nil, path: [])
        #expect(!CommitmentProof.exist(without).verifyMembership(root: .zero, key: [1], value: [1]))
    }

    @Test func emptyKeysAndValuesAreRefused() {
        for (key, value) in [([], [1]), ([1], []), ([], [])] as [([UInt8], [UInt8])] {
            let root = SHA256.node(tag: 0, SHA256.hash(key), SHA256.hash(value))
            let proof = CommitmentProof.exist(ExistenceProof(key: key, value: value, leaf: .smt, path: []))
            #expect(!proof.verifyMembership(root: root, key: key, value: value))
        }
    }

    @Test func onlyStepsOfTheSpecAreAccepted() {
        let sibling = SHA256.hash([7]).bytes
        func step(_ hash: UInt32, _ prefix: [UInt8], _ suffix: [UInt8]) -> Bool {
            isAccepted(chain(depth: 2, step: InnerOp(hash: hash, prefix: prefix, suffix: suffix)))
        }
        #expect(step(1, [1], sibling))
        #expect(step(1, [1] + sibling, []))
        // Shapes that the reference verifiers let pass in existence proofs: any prefix of 1 to 33 bytes, whole
        // children.
        #expect(step(1, [2], sibling))
        #expect(step(1, [1, 2, 3], sibling + sibling))
        #expect(!step(0, [1], sibling))
        #expect(!step(2, [1], sibling))
        #expect(!step(1, [0], sibling))
        #expect(!step(1, [0] + sibling, []))
        #expect(!step(1, [], sibling))
        #expect(!step(1, [1, 1] + sibling, []))
        #expect(!step(1, [1], sibling + [0]))
        #expect(!step(1, [1], Array(sibling.dropLast())))
    }

    /// Absence proofs whose neighbours are real but not adjacent, at the wrong end, the wrong way round or missing.
    @Test func onlyNeighboursProveAbsence() throws {
        var state = StateModel()
        let keys = (0..<40).map { Array("k\($0)".utf8) }
        state.apply(keys.map { StateChange(key: $0, value: [1]) })
        let snapshot = try StateSnapshot.empty(over: MemoryStore()).applying(
            keys.map { StateChange(key: $0, value: [1]) }, version: Height(0))
        let ordered = state.leaves.map(\.key)
        let proofs = try ordered.map { key in
            guard case .exist(let proof)? = try snapshot.prove(key) else { throw CancellationError() }
            return proof
        }
        func absent(_ key: [UInt8], _ left: ExistenceProof?, _ right: ExistenceProof?) -> Bool {
            CommitmentProof.nonexist(NonExistenceProof(key: key, left: left, right: right))
                .verifyNonMembership(root: snapshot.root, key: key)
        }
        var accepted = 0
        for number in 0..<40 {
            let key = Array("absent \(number)".utf8)
            let place = ordered.firstIndex { SHA256.hash($0) > SHA256.hash(key) } ?? ordered.count
            for left in -1..<ordered.count {
                for right in Set([place - 1, place, place + 1, ordered.count]) where (0...ordered.count).contains(right)
                {
                    let isRight = left == place - 1 && right == place
                    let result = absent(
                        key, left < 0 ? nil : proofs[left], right < ordered.count ? proofs[right] : nil)
                    #expect(result == isRight, "key \(number), left \(left), right \(right), place \(place)")
                    accepted += result ? 1 : 0
                }
            }
        }
        #expect(accepted >= 40)
        #expect(!absent([1], nil, nil))
    }

    /// The reference verifier panics when one path is the other's end, or when two are equal; this one refuses.
    @Test func pathsThatNeverDivergeAreRefused() {
        let key = (0..<100).map { [UInt8($0)] }.first { SHA256.hash($0).bit(0) } ?? [0]
        let lone = ExistenceProof(key: key, value: [1], leaf: .smt, path: [])
        let root = SHA256.node(tag: 0, SHA256.hash(key), SHA256.hash([1]))
        for other in (0..<100).map({ [UInt8($0), 1] }) {
            for (left, right) in [(lone, lone), (lone, nil), (nil, lone)] as [(ExistenceProof?, ExistenceProof?)] {
                let proof = CommitmentProof.nonexist(NonExistenceProof(key: other, left: left, right: right))
                let isBelow = SHA256.hash(other) < SHA256.hash(key)
                let expected = left == nil ? isBelow : right == nil ? !isBelow : false
                #expect(proof.verifyNonMembership(root: root, key: other) == expected)
            }
        }
    }

    @Test(arguments: 0..<2 as Range<UInt64>) func damagedProofsNeverTrapNorHaveTwoEncodings(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let snapshot = try StateSnapshot.empty(over: MemoryStore()).applying(
            (0..<30).map { StateChange(key: Array("k\($0)".utf8), value: [1, 2, 3]) }, version: Height(0))
        let originals = try ["k1", "k2", "absent", "nobody"].compactMap { try snapshot.prove(Array($0.utf8))?.protobuf }
        for round in 0..<Fuzz.count(2_000) {
            let damaged = random.damage(originals[round % originals.count])
            guard let proof = try? CommitmentProof(protobuf: damaged) else { continue }
            #expect(proof.protobuf == damaged)
            let key = Array(["k1", "k2", "absent", "nobody"][round % 4].utf8)
            if proof.verifyMembership(root: snapshot.root, key: key, value: [1, 2, 3]) { #expect(round % 4 < 2) }
            if proof.verifyNonMembership(root: snapshot.root, key: key) { #expect(round % 4 >= 2) }
        }
    }
}
