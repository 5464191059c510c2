/// Finds the endpoint of a method and a path. Built once from the declarations; refuses two routes for one path.
package struct RouteTable: Sendable {
    package enum Match: Sendable {
        case endpoint(Endpoint, parameters: [String: String])
        /// The path exists, with these methods only; open when pages of other origins may use all of them.
        case otherMethods([String], isOpen: Bool)
        case nothing
        /// A percent escape in the path is broken, and no endpoint wants to say so itself.
        case malformed
    }

    private final class Node: @unchecked Sendable {
        // Only changed while the table is built.
        var literals: [String: Node] = [:]
        var parameter: (name: String, node: Node)?
        /// Takes all remaining segments.
        var rest: (name: String, node: Node)?
        var endpoints: [String: Endpoint] = [:]
    }

    private let root = Node()
    package let endpoints: [Endpoint]

    /// Throws the sentence that says which two declarations collide: an error of the program, found at start.
    package init(_ endpoints: [Endpoint]) throws(RouteCollision) {
        self.endpoints = endpoints
        var operations: Set<String> = []
        for endpoint in endpoints {
            guard operations.insert(endpoint.operation).inserted else {
                throw RouteCollision("two routes are named \(endpoint.operation)")
            }
            let node = try RouteTable.node(for: endpoint.path, under: root)
            guard node.endpoints.updateValue(endpoint, forKey: endpoint.method.rawValue) == nil else {
                throw RouteCollision("two routes answer \(endpoint.method.rawValue) \(endpoint.path)")
            }
        }
    }

    package struct RouteCollision: Error, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    private static func node(for path: String, under root: Node) throws(RouteCollision) -> Node {
        var node = root
        for segment in path.split(separator: "/").map(String.init) {
            guard segment.hasPrefix("{"), segment.hasSuffix("}") else {
                let next = node.literals[segment] ?? Node()
                node.literals[segment] = next
                node = next
                continue
            }
            let name = String(segment.dropFirst().dropLast())
            if name.hasSuffix("+") {
                let plain = String(name.dropLast())
                let next = node.rest?.node ?? Node()
                guard node.rest.map({ $0.name == plain }) ?? true else { throw RouteCollision("\(path): another name") }
                node.rest = (plain, next)
                node = next
            } else {
                let next = node.parameter?.node ?? Node()
                guard node.parameter.map({ $0.name == name }) ?? true else {
                    throw RouteCollision("\(path): another route calls this segment {\(node.parameter?.name ?? "")}")
                }
                node.parameter = (name, next)
                node = next
            }
        }
        return node
    }

    package func match(method: String, path: String) -> Match {
        guard path.hasPrefix("/") else { return .nothing }
        let raw = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        var segments: [String] = []
        segments.reserveCapacity(raw.count)
        var isBroken = false
        for piece in raw {
            let decoded = PercentEncoding.decode(piece, plusIsSpace: false)
            if decoded == nil { isBroken = true }
            segments.append(decoded ?? String(decoding: piece, as: UTF8.self))
        }
        if segments == [""] { segments = [] }
        var parameters: [String: String] = [:]
        guard let node = find(segments[...], from: root, &parameters), !node.endpoints.isEmpty else {
            return isBroken ? .malformed : .nothing
        }
        let asked = method == "HEAD" ? "GET" : method
        if isBroken, node.endpoints[asked]?.judgesItsAddress != true { return .malformed }
        if let endpoint = node.endpoints[asked] { return .endpoint(endpoint, parameters: parameters) }
        let methods = node.endpoints.keys.sorted() + (node.endpoints["GET"] == nil ? [] : ["HEAD"]) + ["OPTIONS"]
        return .otherMethods(methods, isOpen: node.endpoints.values.allSatisfy(\.isOpenToOtherOrigins))
    }

    // Literal segments win over parameters, those over the rest of the path. Depth is bounded by the declared paths.
    private func find(_ segments: ArraySlice<String>, from node: Node, _ parameters: inout [String: String]) -> Node? {
        guard let first = segments.first else { return node.endpoints.isEmpty ? nil : node }
        if let next = node.literals[first], let found = find(segments.dropFirst(), from: next, &parameters) {
            return found
        }
        if !first.isEmpty, let (name, next) = node.parameter,
            let found = find(segments.dropFirst(), from: next, &parameters)
        {
            parameters[name] = first
            return found
        }
        guard let (name, next) = node.rest, !first.isEmpty else { return nil }
        parameters[name] = segments.count == 1 ? first : segments.joined(separator: "/")
        return next
    }
}
