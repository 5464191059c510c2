internal import Chain
internal import Primitives

/// Certificates made of votes, on their way to whoever may lack them. Simplex sends each to everyone at once, which is half
/// of all messages though everyone has the same votes. Here it waits for a moment, and goes only to peers that have not shown
/// by then, by their votes or certificates, that they left its view. Those are sent the certificates of the following views
/// at once: a link that is down, or slow, costs the moment once in a while and not in each view.
///
/// After a fault all honest validators are in a view within Δ' + pause, when Δ' is what a message takes; the timers of 2Δ and
/// 3Δ hold when Δ' is at most Δ less the pause. Votes may precede the certificate that lets
/// their receiver enter their view. A Finalize shows that its sender left the view, not that it knows the view to be final: whom
/// others' votes do not reach asks (`askWhenNotFinal`).
struct Relay: Sendable {
    /// Certificates that wait; beyond that the oldest is left to those that followed it.
    static let waitingMax = 64
    /// For so many views a peer that had to be sent a certificate is sent all at once.
    static let needyViews: UInt64 = 16

    /// Ascending by the moment, in monotonic milliseconds.
    var waiting: [(certificate: Certificate, due: UInt64)] = []
    /// View that each validator has shown to be in, by index.
    var shown: [View]
    /// Last view whose certificates each validator is sent at once.
    var needsThrough: [View]
    /// When others are asked for a finalization; nil when all that is notarized is final.
    var askDue: UInt64?

    init(validators count: Int) {
        shown = Array(repeating: View(0), count: count)
        needsThrough = shown
    }
}

extension ConsensusMachine {
    /// Pause before a certificate is relayed.
    package var relayPauseMilliseconds: UInt64 { max(1, UInt64(parameters.delayMilliseconds) / 8) }

    /// Sends a certificate to whoever may lack it: at once to all when no vote will show who has it, or to those who lacked
    /// others lately, else after the pause.
    mutating func relay(_ certificate: Certificate) {
        // The finalization that ends an epoch has been told to all (`settleFinal`).
        guard !isReplaying, !hasEnded else { return }
        if certificate.kind == .nullify { return broadcast(.certificate(certificate)) }
        for index in set.validators.indices where isNeedy(index, of: certificate) {
            send(.certificate(certificate), to: set.validators[index].transportKey)
        }
        if relay.waiting.count == Relay.waitingMax { relay.waiting.removeFirst() }
        relay.waiting.append((certificate, now.monotonic + relayPauseMilliseconds))
    }

    private func isNeedy(_ index: Int, of certificate: Certificate) -> Bool {
        relay.needsThrough[index] >= certificate.view && own != UInt16(index)
    }

    /// Sends those whose time has come.
    mutating func relayCertificates() {
        let passed = relay.waiting.prefix { now.monotonic >= $0.due }.map(\.certificate)
        guard !passed.isEmpty else { return }
        relay.waiting.removeFirst(passed.count)
        // The newest finalization stands for others, and for the notarizations up to its view.
        let finalization = passed.last { $0.kind == .finalize }
        if let finalization { relayPastHolders(finalization) }
        for certificate in passed
        where certificate.kind == .notarize && certificate.view > finalization?.view ?? View(0) {
            relayPastHolders(certificate)
        }
    }

    private mutating func relayPastHolders(_ certificate: Certificate) {
        var holders: [Digest] = []
        for index in set.validators.indices {
            if relay.shown[index] > certificate.view || isNeedy(index, of: certificate) || own == UInt16(index) {
                holders.append(set.validators[index].transportKey)
            } else {
                relay.needsThrough[index] = certificate.view.advanced(by: Relay.needyViews)
            }
        }
        emit(.relay(.certificate(certificate), except: holders))
    }

    /// Whoever signs a Finalize holds the notarization of its view; other votes show that their view was entered.
    mutating func noteShown(_ signer: UInt16, _ kind: VoteKind, in view: View) {
        noteShown(signer, kind == .finalize ? view.next : view)
    }

    /// `peer` sent a certificate, or said where it stands.
    mutating func noteShown(_ peer: Digest, in view: View) {
        guard let index = set.index(ofTransport: peer) else { return }
        noteShown(UInt16(index), view)
    }

    private mutating func noteShown(_ signer: UInt16, _ view: View) {
        let index = Int(signer)
        if relay.shown.indices.contains(index), view > relay.shown[index] { relay.shown[index] = view }
    }

    /// Sets when others are asked: half a delay after the last progress of finality, while something notarized is not final. An
    /// idle view's clock starts later (`clockDue`).
    mutating func noteFinality() {
        guard highestNotarized > final else { return relay.askDue = nil }
        relay.askDue = now.monotonic + UInt64(parameters.delayMilliseconds) / 2
    }

    /// A notarized block that does not become final here may be final elsewhere: whoever was sent no votes and no
    /// finalization asks, idle or busy.
    mutating func askWhenNotFinal() {
        guard let due = relay.askDue, now.monotonic >= due else { return }
        relay.askDue = now.monotonic + UInt64(parameters.delayMilliseconds)
        for peer in holders(for: highestNotarized) { send(.status(status()), to: peer) }
    }
}
