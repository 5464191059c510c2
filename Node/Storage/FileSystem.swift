/// What the journal needs of a disk, small enough that tests can put one in its place that loses and tears writes.
/// Paths are names inside one folder.
package protocol JournalFolder: Sendable {
    /// For messages.
    var path: String { get }
    /// File names, in any order; empty when there is no folder yet.
    func names() throws(StorageError) -> [String]
    /// The whole file, nil when there is none.
    func contents(_ name: String) throws(StorageError) -> [UInt8]?
    /// Opens a file for writing, creating it (empty) when it is missing.
    func open(_ name: String) throws(StorageError) -> any JournalFile
    /// Opens a file for small durable writes: each write may already be durable when it returns, `sync` makes sure.
    func openForRecords(_ name: String) throws(StorageError) -> any JournalFile
    /// Renames over what is there and makes the renaming durable.
    func rename(_ old: String, to new: String) throws(StorageError)
    /// Removes a file; durable at the next durable renaming.
    func remove(_ name: String) throws(StorageError)
    /// Something that a copy of this file does not share (inode and birth time), nil when there is no such file.
    func fileIdentity(_ name: String) throws(StorageError) -> [UInt8]?
}

package protocol JournalFile: AnyObject, Sendable {
    var size: Int { get throws(StorageError) }
    func write(_ bytes: [UInt8], at offset: Int) throws(StorageError)
    /// Returns when everything written is on the disk (fdatasync).
    func sync() throws(StorageError)
    func identity() throws(StorageError) -> [UInt8]
    func close()
}
