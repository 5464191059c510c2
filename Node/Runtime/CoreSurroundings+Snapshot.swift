internal import Chain
internal import Logging
internal import Primitives
internal import Replica
internal import Transport

extension CoreSurroundings {
    /// Answers a peer's request for a part of the state on the disk's thread. The replica's credit bounds what waits there.
    func serve(_ read: SnapshotRead, to peer: PeerID) {
        let around = self
        disk.add {
            var answer = read.refusal
            do throws(StorageFailure) {
                answer = try read.answer(around.store)
                // Only a state that is here can be held.
                if answer != read.refusal {
                    around.serving.used(read.version, by: peer, at: Clock.monotonicMilliseconds)
                }
            } catch {
                around.logger.error("a part of the state of block \(read.version) cannot be sent: \(error)")
            }
            around.counters.add { $0.snapshotPartsServed += 1 }
            around.send([OutgoingMessage(channel: 0, bytes: answer.bcs, peers: [peer])])
        }
    }
}
