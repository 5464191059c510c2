internal import Foundation

/// Memory, processor time and open files of this process, by the names that Prometheus' own clients use. Linux only:
/// elsewhere, and when /proc is not mounted, the list is empty.
enum ProcessMetrics {
    // USER_HZ and the page size of every Linux that Swift supports on servers.
    private static let ticksPerSecond = 100.0

    static func families() -> [MetricFamily] {
        guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return [] }
        // Fields after the command name, which may hold spaces: state is field 0 here.
        let fields = stat[end...].dropFirst().split(separator: " ").map { Double($0) ?? 0 }
        guard fields.count > 21 else { return [] }
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return [
            MetricFamily(
                "process_cpu_seconds_total", "Processor time used.",
                .counter([MetricSample((fields[11] + fields[12]) / ticksPerSecond)])),
            MetricFamily("process_resident_memory_bytes", "Memory in use.", .gauge([MetricSample(fields[21] * page)])),
            MetricFamily("process_virtual_memory_bytes", "Address space in use.", .gauge([MetricSample(fields[20])])),
            MetricFamily("process_threads", "Threads.", .gauge([MetricSample(fields[17])])),
            MetricFamily("process_open_fds", "Open files and sockets.", .gauge([MetricSample(Double(files))])),
        ] + heap
    }

    /// What jemalloc says it has given out; nothing where the program runs with another allocator.
    private static var heap: [MetricFamily] {
        typealias Control =
            @convention(c) (
                UnsafePointer<CChar>, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?, UnsafeMutableRawPointer?,
                Int
            ) -> Int32
        guard let symbol = dlsym(nil, "mallctl") else { return [] }
        let control = unsafeBitCast(symbol, to: Control.self)
        // The statistics are those of the last change of the epoch.
        var epoch: UInt64 = 1
        _ = control("epoch", nil, nil, &epoch, MemoryLayout<UInt64>.size)
        var bytes = 0
        var size = MemoryLayout<Int>.size
        guard control("stats.allocated", &bytes, &size, nil, 0) == 0 else { return [] }
        return [
            MetricFamily(
                "process_heap_bytes", "Memory that the program holds from its allocator.",
                .gauge([MetricSample(Double(bytes))]))
        ]
    }
}
