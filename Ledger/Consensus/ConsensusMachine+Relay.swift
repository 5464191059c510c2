internal import Chain
internal import Primitives

/// Certificates made of votes, on their way to whoever may lack them. Simplex sends each to everyone at once, which is half
/// of all messages though everyone has the same votes. Here it waits for a moment, and goes only to peers that have not shown
/// by then, by their votes or certificates, that they left its view.
///
/// After a fault all honest validators are in a view within Δ' + pause, when Δ' is what a message takes; the timers of 2Δ and
/// 3Δ hold when Δ' is at most Δ less the pause. A peer whose Finalize shows that it left the view, and that
/// others' votes do not reach, asks after Δ (`askWhenNotFinal`).
struct Relay: Sendable {
    /// Certificates that wait; beyond that the oldest is left to those that followed it.
    static let waitingMax = 64

    /// Ascending by the moment, in monotonic milliseconds.
    var waiting: [(certificate: Certificate, due: UInt64)] = []
    /// View that each validator has shown to be in, by index.
    var shown: [View]

    init(validators count: Int) { shown = Array(repeating: View(0), count: count) }
}

extension ConsensusMachine {
    /// Pause before a certificate is relayed.
    package var relayPauseMilliseconds: UInt64 { max(1, UInt64(parameters.delayMilliseconds) / 8) }

    /// Sends a certificate to whoever may lack it: after the pause, or at once when no vote will show who has it.
    mutating func relay(_ certificate: Certificate) {
        guard !isReplaying else { return }
        if certificate.kind == .nullify || hasEnded { return broadcast(.certificate(certificate)) }
        if relay.waiting.count == Relay.waitingMax { relay.waiting.removeFirst() }
        relay.waiting.append((certificate, now.monotonic + relayPauseMilliseconds))
    }

    /// Sends the newest of those whose time has come, or of all when nothing will follow.
    mutating func relayCertificates(atOnce: Bool = false) {
        let passed = relay.waiting.prefix { atOnce || now.monotonic >= $0.due }.map(\.certificate)
        guard !passed.isEmpty else { return }
        relay.waiting.removeFirst(passed.count)
        let finalization = passed.last { $0.kind == .finalize }
        // A finalization stands for the notarizations up to its view.
        let notarization = passed.last { $0.kind == .notarize && $0.view > finalization?.view ?? View(0) }
        for certificate in [finalization, notarization].compactMap({ $0 }) {
            let holders = set.validators.indices.filter {
                relay.shown[$0] > certificate.view || own == UInt16($0)
            }
            emit(.relay(.certificate(certificate), except: holders.map { set.validators[$0].transportKey }))
        }
    }

    /// Whoever signs a Finalize holds the notarization of its view; other votes show that their view was entered.
    mutating func noteShown(_ signer: UInt16, _ kind: VoteKind, in view: View) {
        noteShown(signer, kind == .finalize ? view.next : view)
    }

    /// `peer` sent a certificate, or said where it stands.
    mutating func noteShown(_ peer: Digest, in view: View) {
        guard let index = set.validators.firstIndex(where: { $0.transportKey == peer }) else { return }
        noteShown(UInt16(index), view)
    }

    private mutating func noteShown(_ signer: UInt16, _ view: View) {
        let index = Int(signer)
        if relay.shown.indices.contains(index), view > relay.shown[index] { relay.shown[index] = view }
    }

    /// A notarized block that is not final after a message's time, and nothing else to do: others may know more.
    mutating func askWhenNotFinal() {
        guard highestNotarized > final else { return }
        broadcast(.status(status()))
    }
}
