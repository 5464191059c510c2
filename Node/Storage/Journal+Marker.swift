internal import Primitives

// The marker never claims more than the folder has: it is written after a segment is there, and before one goes.

extension Journal {
    var isLost: Bool { if case .lost = standing { true } else { false } }

    /// The marker as of now, durably.
    func writeMarker(_ state: JournalMarker.State) throws(StorageError) {
        var marker = JournalMarker(owner: owner, state: state)
        marker.boots = boots
        // A fresh or lost journal has nothing to lose.
        if state == .established, let first = segments.first, let last = segments.last {
            marker.firstSegment = first.header.index
            marker.lastSegment = last.header.index
        }
        try Journal.write(marker, to: folder)
        marked = state
    }

    static func write(_ marker: JournalMarker, to folder: any JournalFolder) throws(StorageError) {
        try folder.remove("marker.new")
        let file = try folder.open("marker.new")
        defer { file.close() }
        var bound = marker
        bound.fileIdentity = try file.identity()
        try file.write(bound.bytes, at: 0)
        try file.sync()
        try folder.rename("marker.new", to: markerName)
    }

    // MARK: witness

    func writeWitness() throws(StorageError) {
        guard let witness else { return }
        var encoder = BCSEncoder()
        encoder.fixed(owner.binding)
        encoder.u64(boots)
        encoder.u64(check(encoder.bytes))
        let file = try witness.open("boots.new")
        defer { file.close() }
        try file.write(encoder.bytes, at: 0)
        try file.sync()
        try witness.rename("boots.new", to: "boots")
    }

    /// Starts that the witness counted; 0 when it knows nothing of this node.
    func witnessBoots() throws(StorageError) -> UInt64 {
        guard let witness, let bytes = try witness.contents("boots") else { return 0 }
        var decoder = BCSDecoder(bytes)
        guard let binding = try? decoder.digest(), binding == owner.binding, let boots = try? decoder.u64(),
            let stored = try? decoder.u64(), stored == check(bytes.prefix(Digest.byteCount + 8))
        else { return 0 }
        return boots
    }
}
