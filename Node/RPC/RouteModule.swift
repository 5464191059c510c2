/// A group of routes that another module adds to a node's API (lake, settlement, identity). Its endpoints get the same
/// checks, limits, error form and place in `/openapi.json` as the built-in ones.
package protocol RouteModule: Sendable {
    /// Name of the group in the OpenAPI document, e.g. "Data lake".
    var tag: String { get }
    /// One paragraph for readers of the OpenAPI document.
    var tagDescription: String { get }
    var endpoints: [Endpoint] { get }
}
