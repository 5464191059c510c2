internal import Chain
internal import LedgerState
package import LightClient
internal import Primitives
internal import Synchronization

/// Writes proof bundles as JSON, byte for byte as their coder does. What bundles of one height have in common (header,
/// certificate, ends of epochs) is encoded once.
package final class ProofBundleText: Sendable {
    private struct Frame: Sendable {
        /// Without entries.
        let bundle: ProofBundle
        let before: [UInt8]
        let after: [UInt8]

        init(_ bundle: ProofBundle) {
            self.bundle = ProofBundle(
                entries: [], header: bundle.header, descendants: bundle.descendants,
                finalization: bundle.finalization, epochEnds: bundle.epochEnds)
            let text = JSONCoder<ProofBundle>.proofBundle.encode(self.bundle).compact
            let mark = Array("\"entries\":[".utf8)
            // The first one: only the format stands before it.
            let place = text.indices.first { text[$0...].starts(with: mark) } ?? text.startIndex
            before = Array(text[..<(place + mark.count)])
            after = Array(text[(place + mark.count)...])
        }

        func fits(_ other: ProofBundle) -> Bool {
            bundle.header == other.header && bundle.finalization == other.finalization
                && bundle.descendants == other.descendants && bundle.epochEnds == other.epochEnds
        }
    }

    private let last = Mutex<Frame?>(nil)

    package init() {}

    package func compact(_ bundle: ProofBundle) -> [UInt8] {
        let frame = frame(of: bundle)
        var out = frame.before
        let proofs = bundle.entries.map(\.proof.protobuf)
        out.reserveCapacity(
            zip(bundle.entries, proofs).reduce(out.count + frame.after.count) {
                $0 + 2 * ($1.0.key.count + ($1.0.value?.count ?? 0) + $1.1.count) + 64
            })
        for (index, (entry, proof)) in zip(bundle.entries, proofs).enumerated() {
            out += (index == 0 ? "{\"key\":\"" : ",{\"key\":\"").utf8
            Hex.append(entry.key, to: &out)
            if let value = entry.value {
                out += "\",\"value\":\"".utf8
                Hex.append(value, to: &out)
            }
            out += "\",\"proof\":\"".utf8
            Hex.append(proof, to: &out)
            out += "\"}".utf8
        }
        return out + frame.after
    }

    private func frame(of bundle: ProofBundle) -> Frame {
        if let known = last.withLock({ $0 }), known.fits(bundle) { return known }
        let made = Frame(bundle)
        last.withLock { $0 = made }
        return made
    }
}
