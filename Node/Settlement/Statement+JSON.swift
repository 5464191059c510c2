package import Foundation

extension Statement {
    /// The one JSON form of a statement: keys sorted, indented, slashes as they are. A file with one byte changed is
    /// either no longer this form or fails another check.
    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Reads a statement file; says what is wrong with it when it is none.
    package init(json: Data) throws {
        guard json.count <= Statement.byteCountMax else {
            throw AdaptorError("the file is above \(Statement.byteCountMax) bytes; ask for a shorter span")
        }
        do {
            self = try JSONDecoder().decode(Statement.self, from: json)
        } catch {
            throw AdaptorError("the file is no statement: \(error)")
        }
    }
}
