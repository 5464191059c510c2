internal import DataLake
internal import NodeClient
internal import OperatorFiles

extension StorageRoom {
    private static let ownersMax = 1_024
    /// A petabyte.
    private static let megabytesMax = 1 << 30

    /// From the settings `copies-for`, `copies-megabytes-max` and `waiting-megabytes-max`.
    init(_ user: UserSettings) throws {
        func bytes(_ value: Int?, _ name: String, from least: Int) throws -> UInt64? {
            guard let value else { return nil }
            guard (least...StorageRoom.megabytesMax).contains(value) else {
                throw UserError("Setting '\(name)' must be \(least) to \(StorageRoom.megabytesMax).")
            }
            return UInt64(value) * 1_048_576
        }
        if let owners = user.copiesFor {
            guard owners.count <= StorageRoom.ownersMax else {
                throw UserError("Setting 'copies-for' names more than \(StorageRoom.ownersMax) partners.")
            }
            guard owners.allSatisfy({ !$0.isEmpty }) else {
                throw UserError("Setting 'copies-for' has an empty name; write '[]' to take no copies.")
            }
        }
        self.init(
            owners: user.copiesFor.map { Set($0) },
            copyBytesMax: try bytes(user.copiesMegabytesMax, "copies-megabytes-max", from: 0),
            // One part at least, else nothing could be handed in.
            waitingBytesMax: try bytes(user.waitingMegabytesMax, "waiting-megabytes-max", from: 32))
    }
}
