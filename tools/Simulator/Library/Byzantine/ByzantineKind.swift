/// The Byzantine actors. Each has a file of its own beside this one.
package enum ByzantineKind: Int, CaseIterable, Sendable {
    case twins, equivocatingLeader, doubleVoter, selectiveSender, withholder, staleReplayer
    case impersonator, wrongRootProposer, bodyWithholder, nullifier, silentFinalizer, flooder
    case oldParentProposer, liar, staller

    /// Drawn by every seed. A staller is drawn by those about snapshots only (`Scenario.stallersFromSeed`).
    package static let general = allCases.filter { $0 != .staller }

    /// As written in summaries and traces.
    package var name: String {
        switch self {
        case .twins: "twins"
        case .equivocatingLeader: "equivocating leader"
        case .doubleVoter: "double voter"
        case .selectiveSender: "selective sender"
        case .withholder: "withholder"
        case .staleReplayer: "stale replayer"
        case .impersonator: "impersonator"
        case .wrongRootProposer: "wrong-root proposer"
        case .bodyWithholder: "body withholder"
        case .nullifier: "nullifier"
        case .silentFinalizer: "silent finalizer"
        case .flooder: "flooder"
        case .oldParentProposer: "old-parent proposer"
        case .liar: "liar"
        case .staller: "staller"
        }
    }
}

extension ByzantineKind {
    package func actor() -> any ByzantineActor {
        switch self {
        case .twins: Twins()
        case .equivocatingLeader: EquivocatingLeader()
        case .doubleVoter: DoubleVoter()
        case .selectiveSender: SelectiveSender()
        case .withholder: Withholder()
        case .staleReplayer: StaleReplayer()
        case .impersonator: Impersonator()
        case .wrongRootProposer: WrongRootProposer()
        case .bodyWithholder: BodyWithholder()
        case .nullifier: Nullifier()
        case .silentFinalizer: SilentFinalizer()
        case .flooder: Flooder()
        case .oldParentProposer: OldParentProposer()
        case .liar: Liar()
        case .staller: Staller()
        }
    }
}
