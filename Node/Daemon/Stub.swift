internal import ArgumentParser
internal import Logging
internal import RPC
struct CecCommand: ParsableCommand {}
struct VerifyCommand: ParsableCommand {}
struct StoryCommand: ParsableCommand {}
extension NodeWiring {
    static func offChainModules(_ a: NodeSettings, _ b: NodeKeys, _ c: RuntimeService, _ d: Logger) async throws -> [any RouteModule] { [] }
}
