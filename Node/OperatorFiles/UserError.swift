/// What a command failed on, for a person: what happened, where, what to do. Exit code 1.
package struct UserError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
