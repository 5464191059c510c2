package import Analytics
internal import Foundation

/// What computes forecasts on a node.
package enum ForecastWiring {
    static func machine(_ settings: NodeSettings) -> ForecastMachine {
        let library =
            settings.lightgbm ?? LightGBMLibrary.installed(below: FileManager.default.currentDirectoryPath)
        return ForecastMachine(library: library, worker: worker)
    }

    /// This program again, as a worker that computes with a library.
    package static func worker(_ library: String) -> WorkerProcess {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/proc/self/exe"
        return WorkerProcess(executable: URL(filePath: own), arguments: ["forecast", "worker", "--lightgbm", library])
    }
}
