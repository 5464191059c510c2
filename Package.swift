// swift-tools-version: 6.2
import PackageDescription

// The floors: tools -> Node -> Contracts -> Ledger. A target lists what it imports, no more and no less: the build refuses
// other imports, Tests/Tidy refuses what is listed and not imported.

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

/// A C target that knows one text.
func constant(_ name: String, at path: String, _ macro: String, _ text: String) -> Target {
    .target(name: name, path: path, cSettings: [.define(macro, to: "\"\(text)\"")])
}

/// `running` names programs that the tests start and do not import.
func tests(_ name: String, at path: String, _ uses: String, running: String = "") -> Target {
    .testTarget(name: name, dependencies: dependencies(uses + " " + running), path: path, swiftSettings: strict)
}

let targets: [Target] = [
    // Ledger: pure, deterministic, no I/O.
    library("CSecp256k1", at: "Ledger/CSecp256k1", "libsecp256k1", "libsecp256k1-dev"),
    library("COpenSSL", at: "Ledger/COpenSSL", "libcrypto", "libssl-dev"),
    module("Primitives", at: "Ledger/Primitives", settings: transparent),
    module("LedgerCrypto", at: "Ledger/Crypto", "CSecp256k1 COpenSSL Primitives"),
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
        "Identity", at: "Contracts/Identity",
        "Primitives LedgerCrypto Encodings Chain ContractKit",
        excluding: ["README.md"]),
    module("Anchors", at: "Contracts/Anchors", "Primitives LedgerCrypto Chain ContractKit"),
    module(
        "Accounts", at: "Contracts/Accounts",
        "Primitives LedgerCrypto Encodings Chain ContractKit",
        excluding: ["README.md"]),
    module(
        "Agreements", at: "Contracts/Agreements",
        "Primitives LedgerCrypto Chain ContractKit",
        excluding: ["README.md"]),
    module("Billing", at: "Contracts/Billing", "Primitives LedgerCrypto Chain ContractKit", excluding: ["README.md"]),
    module("Results", at: "Contracts/Results", "Primitives LedgerCrypto Chain ContractKit"),
    module("Trading", at: "Contracts/Trading", "Primitives LedgerCrypto Chain ContractKit"),
    module(
        "ContractSuite", at: "Contracts/Suite",
        "Primitives Chain ContractKit ContractHost Governance Identity Anchors Trading Accounts Agreements "
            + "Billing Results"),

    // Node: everything that touches the world.
    library("CLevelDB", at: "Node/CLevelDB", nil, "libleveldb-dev"),
    module("Storage", at: "Node/Storage", "CLevelDB Primitives LedgerCrypto Chain"),
    module(
        "Transport", at: "Node/Transport",
        "COpenSSL Primitives LedgerCrypto Logging NIOConcurrencyHelpers NIOCore NIOPosix NIOSSL"),
    module(
        "NodeRuntime", at: "Node/Runtime",
        "Primitives LedgerCrypto Chain LedgerState Consensus Replica Storage Transport Logging "
            + "NIOConcurrencyHelpers NIOCore NIOPosix"),
    module(
        "Duties", at: "Node/Duties",
        "Primitives LedgerCrypto Chain LedgerState Replica ContractKit ContractHost Governance NodeRuntime "
            + "Logging"),
    module(
        "Resolver", at: "Node/Resolver",
        "Primitives LedgerCrypto Encodings Chain LightClient ContractKit Identity NodeClient"),
    module(
        "RPC", at: "Node/RPC",
        "Primitives LedgerCrypto Chain LightClient NodeClient Resolver HTTPTypes Hummingbird HummingbirdCore "
            + "HummingbirdTLS Logging NIOCore NIOHTTP1 NIOHTTPTypes NIOSSL ServiceLifecycle"),
    module(
        "NodeClient", at: "Node/Client",
        "Primitives LedgerCrypto Chain LedgerState LightClient AsyncHTTPClient NIOCore NIOFoundationCompat "
            + "NIOHTTP1 NIOPosix NIOSSL"),
    module("IdentityClient", at: "Node/IdentityClient", "Primitives Encodings Chain LightClient NodeClient Resolver"),
    module(
        "DataSets", at: "Node/DataSets",
        "Primitives LedgerCrypto Encodings Chain LightClient ContractKit Anchors Agreements"),
    module(
        "DataLake", at: "Node/DataLake",
        "Primitives LedgerCrypto Chain ContractKit Anchors Trading Agreements Results DataSets GRDB Logging"),
    module(
        "ReadModels", at: "Node/ReadModels",
        "Primitives LedgerCrypto Encodings Chain LedgerState ContractKit Anchors Accounts Agreements Billing "
            + "NodeClient GRDB Logging"),
    module(
        "DataAPI", at: "Node/DataAPI",
        "Primitives LedgerCrypto ContractKit Anchors Accounts Agreements Billing NodeClient RPC DataSets DataLake "
            + "ReadModels"),
    module(
        "Settlement", at: "Node/Settlement",
        "Primitives LedgerCrypto Chain LightClient ContractKit ContractHost Trading Agreements Billing NodeClient "
            + "DataLake Logging"),
    constant("CBuildInfo", at: "Node/CBuildInfo", "COMMONWATT_COMMIT", commit),
    library("CLightGBM", at: "Node/CLightGBM", nil, "libgomp1"),
    module(
        "Analytics", at: "Node/Analytics",
        "CLightGBM Primitives LedgerCrypto Chain LightClient ContractKit Anchors Trading Results NodeClient "
            + "DataSets DataLake Settlement Logging"),
    module(
        "OperatorFiles", at: "Node/OperatorFiles",
        "Primitives LedgerCrypto Chain ContractHost ContractSuite Transport NodeClient"),
    module(
        "Wiring", at: "Node/Wiring",
        "CBuildInfo Primitives LedgerCrypto Chain LedgerState Replica LightClient ContractKit ContractHost Identity "
            + "Anchors Trading Accounts Results ContractSuite Storage Transport NodeRuntime Duties NodeClient RPC DataSets "
            + "DataLake ReadModels DataAPI Settlement Analytics OperatorFiles Logging ServiceLifecycle UnixSignals Yams"
    ),
    program(
        "commonwatt", at: "Node/Daemon",
        "Primitives LedgerCrypto Encodings Chain LightClient ContractKit ContractHost Governance Identity Anchors "
            + "Trading Accounts Agreements Billing Results ContractSuite Transport NodeClient Resolver IdentityClient "
            + "DataSets DataLake Settlement Analytics OperatorFiles Wiring ArgumentParser",
        // A node makes some millions of small allocations a second in many threads.
        linking: ["jemalloc"]),

    // tools: what people run beside a node.
    module(
        "Simulator", at: "tools/Simulator/Library",
        "Primitives LedgerCrypto Chain LedgerState Consensus Replica LightClient ContractKit ContractHost "
            + "Governance ContractSuite"),
    program("commonwatt-simulate", at: "tools/Simulator/Program", "Simulator ArgumentParser"),
    module(
        "Fuzzing", at: "tools/Fuzz/Library",
        "Primitives LedgerCrypto Encodings Chain LedgerState Consensus Replica LightClient ContractKit "
            + "ContractHost Governance Identity Trading Accounts Agreements Billing Results ContractSuite NodeClient "
            + "Resolver DataSets DataLake Settlement Simulator"),
    program("commonwatt-fuzz", at: "tools/Fuzz/Program", "Fuzzing ArgumentParser"),
    module(
        "DataWorkload", at: "tools/DataWorkload",
        "Primitives LedgerCrypto Chain LedgerState LightClient ContractKit ContractHost Identity Anchors Accounts "
            + "Agreements Billing NodeClient DataSets DataLake ReadModels Logging"),
    program(
        "commonwatt-bench", at: "tools/Benchmarks",
        "Primitives LedgerCrypto Chain LedgerState Replica LightClient ContractKit ContractHost Identity Anchors "
            + "Trading Accounts Agreements Billing ContractSuite Storage NodeClient RPC DataSets DataLake ReadModels "
            + "DataAPI Settlement Simulator DataWorkload SnapshotWorkload ArgumentParser Logging"),
    module(
        "SnapshotWorkload", at: "tools/Snapshot/Library",
        "Primitives LedgerCrypto Chain LedgerState Consensus Replica Storage"),
    program(
        "commonwatt-snapshot", at: "tools/Snapshot/Program",
        "Primitives LedgerCrypto Chain Replica Storage Transport NodeRuntime SnapshotWorkload ArgumentParser "
            + "Logging"),

    module("ChaosHistory", at: "tools/Chaos/History", "Primitives"),
    module(
        "Chaos", at: "tools/Chaos/Library",
        "Primitives LedgerCrypto Chain Consensus Replica LightClient ContractKit ContractHost Anchors "
            + "ContractSuite Transport NodeClient ChaosHistory Logging NIOCore NIOPosix"),
    program("commonwatt-chaos", at: "tools/Chaos/Program", "Chaos ArgumentParser"),

    // Tests mirror the floors.
    module("TestSupport", at: "Tests/Support", "Primitives Chain"),
    tests(
        "LedgerTests", at: "Tests/Ledger",
        "Primitives LedgerCrypto Encodings Chain LedgerState LightClient TestSupport"),
    tests("ConsensusTests", at: "Tests/Consensus", "Primitives LedgerCrypto Chain Consensus TestSupport"),
    tests(
        "ReplicaTests", at: "Tests/Replica",
        "Primitives LedgerCrypto Chain LedgerState Consensus Replica LightClient TestSupport"),
    tests(
        "ContractsTests", at: "Tests/Contracts",
        "Primitives LedgerCrypto Encodings Chain ContractKit ContractHost Governance Identity Anchors Accounts "
            + "Agreements Billing Results ContractSuite TestSupport"),
    module(
        "TradingTestSupport", at: "Tests/TradingSupport",
        "Primitives LedgerCrypto Chain ContractKit ContractHost Governance Identity Anchors Trading Results"),
    tests(
        "TradingTests", at: "Tests/Trading",
        "Primitives LedgerCrypto Chain ContractKit ContractHost Identity Anchors Trading TestSupport "
            + "TradingTestSupport"),
    tests("StorageTests", at: "Tests/Storage", "Primitives LedgerCrypto Chain Storage TestSupport"),
    tests("TransportTests", at: "Tests/Transport", "Primitives Transport TestSupport Logging NIOCore NIOPosix NIOSSL"),
    tests(
        "RuntimeTests", at: "Tests/Runtime",
        "Primitives LedgerCrypto Chain LedgerState Consensus Replica Storage Transport NodeRuntime "
            + "SnapshotWorkload Logging NIOPosix"),
    tests(
        "DutiesTests", at: "Tests/Duties",
        "Primitives LedgerCrypto Chain LedgerState Consensus Replica ContractKit ContractHost Governance Trading "
            + "ContractSuite Storage Transport NodeRuntime Duties Logging NIOCore NIOPosix"),
    tests(
        "RPCTests", at: "Tests/RPC",
        "Primitives LedgerCrypto Encodings Chain LedgerState LightClient ContractKit ContractHost Identity "
            + "Agreements NodeClient Resolver IdentityClient RPC DataSets DataLake DataAPI DataWorkload TestSupport "
            + "Logging NIOCore NIOPosix ServiceLifecycle"),
    tests(
        "LakeTests", at: "Tests/Lake",
        "Primitives LedgerCrypto Chain LedgerState LightClient ContractKit ContractHost Identity Anchors Trading "
            + "Accounts Agreements Billing Results NodeClient DataSets DataLake ReadModels Settlement Analytics "
            + "DataWorkload TestSupport TradingTestSupport GRDB Logging"),
    tests("AnalyticsTests", at: "Tests/Analytics", "Primitives LedgerCrypto ContractKit Trading Analytics TestSupport"),
    tests("SimulationTests", at: "Tests/Simulation", "Chain Simulator TestSupport", running: "commonwatt-simulate"),
    tests("FuzzTests", at: "Tests/Fuzz", "Fuzzing"),
    tests(
        "DaemonTests", at: "Tests/Daemon",
        "Primitives LedgerCrypto Chain Replica LightClient ContractKit Trading Transport NodeClient DataLake "
            + "Settlement OperatorFiles Wiring commonwatt Simulator Fuzzing"),
    tests("ChaosTests", at: "Tests/Chaos", "Primitives LedgerCrypto ChaosHistory Chaos"),
    tests(
        "ProcessTests", at: "Tests/Processes",
        "Primitives LedgerCrypto Chain LightClient ContractKit Anchors Trading ContractSuite NodeClient "
            + "TestSupport"),
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
