internal import Foundation
internal import NodeClient
internal import OperatorFiles

/// Reads a JSON file that a person may have handled; what it refuses, it names.
enum JSONFile {
    /// `what` completes "... is no": e.g. "genesis part; make one with ...". With a shape, members that it does not know
    /// are refused.
    static func read<Value: Decodable>(
        _ type: Value.Type, _ path: String, _ what: String, shape: FileShape? = nil
    ) throws -> Value {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UserError("There is no file \(path), or it cannot be read.")
        }
        return try read(type, data, "\(path) is no \(what)", shape: shape)
    }

    /// The same of bytes; `refusal` begins the message.
    static func read<Value: Decodable>(
        _ type: Value.Type, _ data: Data, _ refusal: String, shape: FileShape?
    ) throws -> Value {
        if let shape {
            do throws(JSONFailure) {
                if let problem = shape.problem(of: try JSONValue(parsing: data)) {
                    throw JSONFailure(problem)
                }
            } catch {
                throw UserError("\(refusal): \(error).")
            }
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw UserError("\(refusal): \(words(error)).")
        }
    }

    private static func words(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "the whole" : "'\(path.map(\.stringValue).joined(separator: "."))'"
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): return "\(place(context.codingPath)) is null"
        case .typeMismatch(let type, let context): return "\(place(context.codingPath)) must be \(words(type))"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is not JSON" : "\(place(context.codingPath)) is malformed"
        @unknown default: return "it cannot be read"
        }
    }

    private static func words(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is any Collection.Type: "a list or an object"
        default: "an object"
        }
    }
}
