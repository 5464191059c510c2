import Foundation

/// A trap in the replica ends the whole program; this names the seed that ran into it, with the command that repeats it.
enum TrapReport {
    /// The seed that a thread runs, as the line to print; written before the run, read by the signal's handler on the
    /// same thread.
    private final class Line: @unchecked Sendable {
        let bytes: UnsafeMutableBufferPointer<UInt8>
        init(_ text: String) {
            bytes = .allocate(capacity: text.utf8.count)
            _ = bytes.initialize(from: text.utf8)
        }
    }

    private nonisolated(unsafe) static var key = pthread_key_t()

    static func install() {
        pthread_key_create(&key, nil)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE] {
            signal(number) { number in
                if let held = pthread_getspecific(TrapReport.key) {
                    let line = Unmanaged<Line>.fromOpaque(held).takeUnretainedValue()
                    _ = write(2, line.bytes.baseAddress, line.bytes.count)
                }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Must be called on the thread that runs the seed. A few bytes stay allocated for each.
    static func begins(_ seed: UInt64) {
        let line = Line("\nseed \(seed) trapped. Run it again: tools/simulate --seed \(seed) --trace\n")
        pthread_setspecific(key, Unmanaged.passRetained(line).toOpaque())
    }
}
