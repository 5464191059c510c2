internal import Glibc

/// What a worker process may use. It sets these bounds on itself before it reads a byte, and no library can lift them.
package struct WorkerLimits: Hashable, Sendable {
    /// Processor time.
    package var processorSeconds: UInt = 60
    package var memoryBytes: UInt = 2 << 30
    /// Bytes of its answer.
    package var outputBytes: UInt = 16 << 20
    /// How long its caller waits.
    package var wallSeconds: Double = 90

    package init() {}

    /// Of its input, read whole.
    package static let inputBytesMax = 64 << 20

    /// Binds the calling process. False when the system refuses.
    package func bindThisProcess() -> Bool {
        func bound(_ resource: __rlimit_resource, _ value: UInt) -> Bool {
            var limit = rlimit(rlim_cur: value, rlim_max: value)
            return setrlimit(Int32(resource.rawValue), &limit) == 0
        }
        return bound(RLIMIT_CPU, processorSeconds) && bound(RLIMIT_AS, memoryBytes)
            && bound(RLIMIT_FSIZE, outputBytes) && bound(RLIMIT_CORE, 0) && bound(RLIMIT_NOFILE, 64)
    }
}
