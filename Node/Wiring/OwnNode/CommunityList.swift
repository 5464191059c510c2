/// What `cec list` shows.
package struct CommunityList: Codable {
    package struct Entry: Codable {
        /// Address of the instance.
        package let community: String
        package let name: String
        package let administrator: String
        /// Whether its policy names the partner.
        package let isAttester: Bool
        package let state: String
        package let periodMinutes: UInt64
        /// Memberships that are not over, and all that ever were.
        package let members: UInt32
        package let membersEver: UInt32
        /// Number of the latest settled period, and its start in milliseconds since 1970; nil before the first.
        package let lastSettled: UInt64?
        package let lastSettledStart: UInt64?
    }

    package let partner: String
    /// Time of the block that it is of, in milliseconds since 1970.
    package let time: UInt64
    package let communities: [Entry]
}
