package import Chain
package import LedgerCrypto
package import Primitives

/// What one epoch's machine is made of.
package struct ConsensusConfiguration: Sendable {
    package let network: Digest
    package let epoch: Epoch
    package let validators: ValidatorSet
    package let parameters: ChainParameters
    /// The genesis header in epoch 0, else the closing block of the epoch before. It counts as notarized and final in view 0.
    package let root: BlockHeader
    /// Own consensus key; the machine does not vote when it is nil or not in the set.
    package let key: Secp256k1.SecretKey?
    /// A number that no earlier run of this node used, e.g. its start time: answers meant for another run are not taken.
    package let incarnation: UInt64
    /// Deliberate faults, for tests only.
    package var mutations: ConsensusMutation = []

    package init(
        network: Digest, epoch: Epoch, validators: ValidatorSet, parameters: ChainParameters, root: BlockHeader,
        key: Secp256k1.SecretKey?, incarnation: UInt64
    ) {
        self.network = network
        self.epoch = epoch
        self.validators = validators
        self.parameters = parameters
        self.root = root
        self.key = key
        self.incarnation = incarnation
    }
}

/// What a machine knows of its own past votes when it starts.
package enum ConsensusStart: Sendable {
    /// This key cannot have voted in this epoch: the running node, whose journal is trusted, has just finished the epoch
    /// before and `startOfNext` of its machine says so. The machine writes the marker.
    case fresh
    /// As `.fresh`, but the journal was lost so near the end of the epoch before that the key may have voted in view 1 of
    /// this one: the marker says that it is left alone.
    case freshAfterLoss
    /// All consensus records of the journal, of every epoch, in order. Without a marker the journal counts as lost. The
    /// genesis ceremony writes `ConsensusRecord.marker(epoch 0, abstainThrough: 0)` and nothing else ever may. Right at
    /// every start and at every change of epoch: what the journal says of this epoch, if anything, is taken over.
    case replay([ConsensusRecord])
    /// The journal is gone, or comes from a backup: votes only after peers have reported.
    case lost
}

/// The newest block that storage holds as final in this epoch, with its finalization.
package struct FinalizedTip: Hashable, Sendable {
    package let header: BlockHeader
    package let certificate: Certificate

    package init(header: BlockHeader, certificate: Certificate) {
        self.header = header
        self.certificate = certificate
    }
}

/// Deliberate faults. The simulator and the tests switch them on to show that they find them; nothing else may.
package struct ConsensusMutation: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Own votes count and leave before they are durable.
    package static let tallyBeforeSync = ConsensusMutation(rawValue: 1 << 0)
    /// Finalize is sent though its notarization is not in the journal.
    package static let finalizeWithoutDurableCertificate = ConsensusMutation(rawValue: 1 << 1)
    /// No Notarize after an own Nullify of the same view.
    package static let noNotarizeAfterNullify = ConsensusMutation(rawValue: 1 << 2)
    /// The delay grows with nullified views only.
    package static let delayCountsNullifiedOnly = ConsensusMutation(rawValue: 1 << 3)
    /// The journal is pruned as soon as a block is final, before storage is synced.
    package static let pruneBeforeSync = ConsensusMutation(rawValue: 1 << 4)
    /// A finalization does not count as the notarization of its view.
    package static let finalizationIsNoParent = ConsensusMutation(rawValue: 1 << 5)
    /// Leaders extend an epoch's closing block with empty blocks instead of proposing it again.
    package static let emptyDescendantsAfterClosing = ConsensusMutation(rawValue: 1 << 6)
    /// A lost journal counts as a fresh one.
    package static let freshStartFromBackup = ConsensusMutation(rawValue: 1 << 7)
    /// A justification with a missing nullification passes.
    package static let missingNullificationAccepted = ConsensusMutation(rawValue: 1 << 8)
    /// After a crash a leader proposes in a view in which it may have proposed already.
    package static let reservationForgotten = ConsensusMutation(rawValue: 1 << 9)
}
