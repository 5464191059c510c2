// swift-tools-version: 6.2
import PackageDescription

// The floors: tools -> Node -> Contracts -> Ledger. A target lists all that it imports; the build refuses other imports.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// For the modules whose small and generic functions others call in their innermost loops: the compiler may put those into
/// their callers. Without it the floor below is a wall: every digest that is compared is a call, every generic one looks
/// its types up.
let transparent = strict + [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]

let packages: [String: Target.Dependency] = [
    "ArgumentParser": .product(name: "ArgumentParser", package: "swift-argument-parser"),
    "AsyncHTTPClient": .product(name: "AsyncHTTPClient", package: "async-http-client"),
    "GRDB": .product(name: "GRDB", package: "GRDB.swift"),
    "HTTPTypes": .product(name: "HTTPTypes", package: "swift-http-types"),
    "Hummingbird": .product(name: "Hummingbird", package: "hummingbird"),
    "HummingbirdCore": .product(name: "HummingbirdCore", package: "hummingbird"),
    "HummingbirdTLS": .product(name: "HummingbirdTLS", package: "hummingbird"),
    "Logging": .product(name: "Logging", package: "swift-log"),
    "NIOConcurrencyHelpers": .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
    "NIOCore": .product(name: "NIOCore", package: "swift-nio"),
    "NIOFoundationCompat": .product(name: "NIOFoundationCompat", package: "swift-nio"),
    "NIOHTTP1": .product(name: "NIOHTTP1", package: "swift-nio"),
    "NIOHTTPTypes": .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    "NIOPosix": .product(name: "NIOPosix", package: "swift-nio"),
    "NIOSSL": .product(name: "NIOSSL", package: "swift-nio-ssl"),
    "ServiceLifecycle": .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    "UnixSignals": .product(name: "UnixSignals", package: "swift-service-lifecycle"),
    "Yams": .product(name: "Yams", package: "Yams"),
]

func dependencies(_ names: String) -> [Target.Dependency] {
    names.split(separator: " ").map { packages[String($0)] ?? .byName(name: String($0)) }
}

func module(
    _ name: String, at path: String, _ uses: String = "", excluding: [String] = [], settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies(uses), path: path, exclude: excluding, swiftSettings: settings)
}

func program(_ name: String, at path: String, _ uses: String, linking libraries: [String] = []) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies(uses), path: path, swiftSettings: strict,
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

func library(_ name: String, at path: String, _ pkgConfig: String?, _ debian: String) -> Target {
    .systemLibrary(name: name, path: path, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

/// What `git describe` says of the sources, when whoever builds gives it (tools/common.sh does). The value is part of what
/// SwiftPM keys its caches by, so another commit is another build of this one small target.
let commit = (Context.environment["COMMONWATT_COMMIT"] ?? "").filter {
    $0.isLetter || $0.isNumber || "-.+".contains($0)
}

func tests(_ name: String, at path: String, _ uses: String) -> Target {
    .testTarget(name: name, dependencies: dependencies(uses), path: path, swiftSettings: strict)
}

let ledger = "Primitives LedgerCrypto Encodings Chain LedgerState Consensus Replica LightClient"
let contracts =
    "ContractKit ContractHost Governance Identity Anchors Trading Accounts Agreements Billing Results ContractSuite"
let node =
    "Storage Transport NodeRuntime Duties RPC NodeClient Resolver IdentityClient DataSets DataLake Settlement Analytics "
    + "ReadModels DataAPI"

let targets: [Target] = [
    // Ledger: pure, deterministic, no I/O.
    library("CSecp256k1", at: "Ledger/CSecp256k1", "libsecp256k1", "libsecp256k1-dev"),
    library("COpenSSL", at: "Ledger/COpenSSL", "libcrypto", "libssl-dev"),
    module("Primitives", at: "Ledger/Primitives", settings: transparent),
    module("LedgerCrypto", at: "Ledger/Crypto", "Primitives CSecp256k1 COpenSSL"),
    module("Chain", at: "Ledger/Chain", "Primitives LedgerCrypto", settings: transparent),
    module("LedgerState", at: "Ledger/State", "Primitives LedgerCrypto Chain"),
    module("Consensus", at: "Ledger/Consensus", "Primitives LedgerCrypto Chain"),
    module("Replica", at: "Ledger/Replica", "Primitives LedgerCrypto Chain LedgerState Consensus LightClient"),
    module("Encodings", at: "Ledger/Encodings", "Primitives LedgerCrypto"),
    module("LightClient", at: "Ledger/LightClient", "Primitives LedgerCrypto Chain LedgerState"),

    // Contracts: the application that the log drives.
    module("ContractKit", at: "Contracts/Kit", "Primitives LedgerCrypto Chain", settings: transparent),
    module("ContractHost", at: "Contracts/Host", "Primitives LedgerCrypto Chain ContractKit"),
    module("Governance", at: "Contracts/Governance", "Primitives LedgerCrypto Chain ContractKit"),
    module(
        "Identity", at: "Contracts/Identity", "Primitives LedgerCrypto Encodings Chain ContractKit",
        excluding: ["README.md"]),
    module("Anchors", at: "Contracts/Anchors", "Primitives LedgerCrypto Chain ContractKit"),
    module(
        "Accounts", at: "Contracts/Accounts", "Primitives LedgerCrypto Encodings Chain ContractKit",
        excluding: ["README.md"]),
    module(
        "Agreements", at: "Contracts/Agreements", "Primitives LedgerCrypto Chain ContractKit",
        excluding: ["README.md"]),
    module(
        "Billing", at: "Contracts/Billing", "Primitives LedgerCrypto Chain ContractKit", excluding: ["README.md"]),
    module("Results", at: "Contracts/Results", "Primitives LedgerCrypto Chain ContractKit"),
    module("Trading", at: "Contracts/Trading", "Primitives LedgerCrypto Chain ContractKit"),
    module(
        "ContractSuite", at: "Contracts/Suite",
        "Primitives LedgerCrypto Chain ContractKit ContractHost Governance Identity Anchors Accounts Agreements Billing "
            + "Results Trading"),

    // Node: everything that touches the world.
    library("CLevelDB", at: "Node/CLevelDB", nil, "libleveldb-dev"),
    module("Storage", at: "Node/Storage", "CLevelDB Primitives LedgerCrypto Chain LedgerState Replica"),
    module(
        "Transport", at: "Node/Transport",
        "Primitives LedgerCrypto Chain COpenSSL NIOCore NIOPosix NIOSSL NIOConcurrencyHelpers Logging"),
    module(
        "NodeRuntime", at: "Node/Runtime",
        "Primitives LedgerCrypto Chain LedgerState Consensus Replica Storage Transport NIOCore NIOPosix "
            + "NIOConcurrencyHelpers Logging"),
    module("Duties", at: "Node/Duties", "\(ledger) \(contracts) NodeRuntime Logging"),
    module("Resolver", at: "Node/Resolver", "\(ledger) \(contracts) NodeClient"),
    module(
        "RPC", at: "Node/RPC",
        "\(ledger) \(contracts) NodeClient Resolver Hummingbird HummingbirdCore HummingbirdTLS HTTPTypes NIOCore NIOPosix NIOHTTP1 "
            + "NIOHTTPTypes NIOSSL Logging ServiceLifecycle"),
    module(
        "NodeClient", at: "Node/Client",
        "\(ledger) \(contracts) AsyncHTTPClient NIOCore NIOFoundationCompat NIOPosix NIOHTTP1 NIOSSL"),
    module("IdentityClient", at: "Node/IdentityClient", "\(ledger) \(contracts) NodeClient Resolver"),
    module("DataSets", at: "Node/DataSets", "\(ledger) \(contracts)"),
    module("DataLake", at: "Node/DataLake", "\(ledger) \(contracts) DataSets GRDB Logging"),
    module("ReadModels", at: "Node/ReadModels", "\(ledger) \(contracts) NodeClient GRDB Logging"),
    module("DataAPI", at: "Node/DataAPI", "\(ledger) \(contracts) RPC NodeClient DataSets DataLake ReadModels Logging"),
    module("Settlement", at: "Node/Settlement", "\(ledger) \(contracts) DataLake NodeClient Logging"),
    .target(
        name: "CBuildInfo", path: "Node/CBuildInfo", cSettings: [.define("COMMONWATT_COMMIT", to: "\"\(commit)\"")]),
    library("CLightGBM", at: "Node/CLightGBM", nil, "libgomp1"),
    module(
        "Analytics", at: "Node/Analytics",
        "CLightGBM \(ledger) \(contracts) NodeClient DataSets DataLake Settlement Logging"),
    program(
        "commonwatt", at: "Node/Daemon",
        "\(ledger) \(contracts) \(node) CBuildInfo COpenSSL ArgumentParser Logging ServiceLifecycle UnixSignals NIOCore NIOPosix Yams",
        // A node makes some millions of small allocations a second in many threads.
        linking: ["jemalloc"]),

    // tools: what people run beside a node.
    module("Simulator", at: "tools/Simulator/Library", "\(ledger) \(contracts)"),
    program("commonwatt-simulate", at: "tools/Simulator/Program", "Simulator \(ledger) ArgumentParser"),
    module(
        "Fuzzing", at: "tools/Fuzz/Library",
        "Simulator NodeClient DataSets DataLake Settlement Resolver \(ledger) \(contracts)"),
    program("commonwatt-fuzz", at: "tools/Fuzz/Program", "Fuzzing ArgumentParser"),
    module(
        "DataWorkload", at: "tools/DataWorkload",
        "\(ledger) \(contracts) NodeClient DataSets DataLake ReadModels Logging"),
    program(
        "commonwatt-bench", at: "tools/Benchmarks",
        "\(ledger) \(contracts) NodeClient Settlement DataSets DataLake DataWorkload DataAPI ReadModels RPC Storage "
            + "SnapshotWorkload Simulator ArgumentParser Logging NIOCore AsyncHTTPClient"),
    module("SnapshotWorkload", at: "tools/Snapshot/Library", "\(ledger) Storage"),
    program(
        "commonwatt-snapshot", at: "tools/Snapshot/Program",
        "\(ledger) SnapshotWorkload NodeRuntime Storage Transport ArgumentParser Logging"),

    module("ChaosHistory", at: "tools/Chaos/History", "Primitives"),
    module(
        "Chaos", at: "tools/Chaos/Library",
        "ChaosHistory \(ledger) \(contracts) NodeClient Transport NIOCore NIOPosix Logging"),
    program("commonwatt-chaos", at: "tools/Chaos/Program", "Chaos ArgumentParser"),

    // Tests mirror the floors.
    module("TestSupport", at: "Tests/Support", "Primitives LedgerCrypto Chain"),
    tests("LedgerTests", at: "Tests/Ledger", "TestSupport \(ledger)"),
    tests("ConsensusTests", at: "Tests/Consensus", "TestSupport \(ledger)"),
    tests("ReplicaTests", at: "Tests/Replica", "TestSupport \(ledger)"),
    tests("ContractsTests", at: "Tests/Contracts", "TestSupport \(ledger) \(contracts)"),
    module("TradingTestSupport", at: "Tests/TradingSupport", "TestSupport \(ledger) \(contracts)"),
    tests("TradingTests", at: "Tests/Trading", "TestSupport TradingTestSupport \(ledger) \(contracts)"),
    tests("StorageTests", at: "Tests/Storage", "TestSupport Storage CLevelDB \(ledger)"),
    tests("TransportTests", at: "Tests/Transport", "TestSupport Transport \(ledger) NIOCore NIOPosix NIOSSL Logging"),
    tests(
        "RuntimeTests", at: "Tests/Runtime",
        "TestSupport SnapshotWorkload NodeRuntime Storage Transport \(ledger) \(contracts) NIOCore NIOPosix Logging"),
    tests(
        "DutiesTests", at: "Tests/Duties",
        "TestSupport Duties NodeRuntime Storage Transport \(ledger) \(contracts) NIOCore NIOPosix Logging"),
    tests(
        "RPCTests", at: "Tests/RPC",
        "TestSupport DataWorkload DataSets DataLake DataAPI ReadModels RPC NodeClient Resolver IdentityClient \(ledger) \(contracts) Hummingbird HTTPTypes NIOCore NIOPosix Logging "
            + "ServiceLifecycle"),
    tests(
        "LakeTests", at: "Tests/Lake",
        "TestSupport TradingTestSupport DataWorkload DataSets DataLake ReadModels NodeClient Settlement Analytics Logging GRDB "
            + "\(ledger) \(contracts)"
    ),
    tests(
        "AnalyticsTests", at: "Tests/Analytics",
        "TestSupport Analytics \(ledger) \(contracts)"
    ),
    tests(
        "SimulationTests", at: "Tests/Simulation",
        "TestSupport Simulator commonwatt-simulate \(ledger) \(contracts)"),
    tests("FuzzTests", at: "Tests/Fuzz", "Fuzzing"),
    tests(
        "DaemonTests", at: "Tests/Daemon",
        "commonwatt Fuzzing Simulator Transport LedgerCrypto Primitives Chain ContractKit Trading Settlement DataLake"),
    tests("ChaosTests", at: "Tests/Chaos", "TestSupport ChaosHistory Chaos LedgerCrypto Primitives"),
    tests("ProcessTests", at: "Tests/Processes", "TestSupport NodeClient \(ledger) \(contracts)"),
    tests("TidyTests", at: "Tests/Tidy", "TestSupport"),
]

let package = Package(
    name: "commonwatt",
    products: [
        .executable(name: "commonwatt", targets: ["commonwatt"]),
        // For wallets in Swift: resolves DIDs through any node and trusts none.
        .library(name: "CommonwattIdentity", targets: ["IdentityClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: targets,
    swiftLanguageModes: [.v6]
)
