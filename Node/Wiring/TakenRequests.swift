internal import DataLake
internal import LedgerCrypto
internal import Primitives
internal import Synchronization

/// Admin requests that were taken, so that a copy of one is not taken again. One is remembered for as long as its time would
/// still pass; only requests with the operator's signature come here, so they are few.
final class TakenRequests: Sendable {
    private let taken = Mutex<[Digest: Timestamp]>([:])

    /// False when the same request was taken before. The signature of a request names it: another one is another request.
    func take(_ request: AdminRequest, now: Timestamp) -> Bool {
        let name = SHA256.hash(request.signature.bytes)
        return taken.withLock { taken in
            let oldest = now.milliseconds - min(now.milliseconds, 2 * AdminRequest.ageMillisecondsMax)
            taken = taken.filter { $0.value.milliseconds >= oldest }
            guard taken[name] == nil else { return false }
            taken[name] = now
            return true
        }
    }
}
