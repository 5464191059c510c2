internal import Chain
internal import NodeClient
internal import OperatorFiles
internal import Settlement

/// Whether and how a node settles communities by itself.
struct SettlerSwitch: Sendable {
    static let communitiesMax = 10_000
    /// Bound of the times in seconds: a year.
    static let secondsMax = 366 * 86_400

    let isOn: Bool
    /// Besides the communities that the own partner runs.
    let communities: [Address]
    let settings: SettlerSettings

    /// What it does, for `node --check-config`.
    var words: String {
        guard isOn else { return "off" }
        return "settles the own communities" + (communities.isEmpty ? "" : " and \(communities.count) others")
    }

    init(_ user: UserSettings) throws {
        isOn = user.settler ?? false
        let texts = user.settleCommunities ?? []
        guard texts.count <= SettlerSwitch.communitiesMax else {
            throw UserError("Setting 'settle-communities' names more than \(SettlerSwitch.communitiesMax) communities.")
        }
        communities = try texts.map { text in
            guard let address = Address(text: text) else {
                throw UserError("Setting 'settle-communities': '\(text)' is no address of a community.")
            }
            return address
        }
        guard isOn || communities.isEmpty else {
            throw UserError("Setting 'settle-communities' does nothing without 'settler: true'.")
        }
        func milliseconds(_ value: Int?, _ unit: Int, _ name: String) throws -> UInt64? {
            guard let value else { return nil }
            guard value >= 0, value <= SettlerSwitch.secondsMax / unit else {
                throw UserError("Setting '\(name)' must be 0 to \(SettlerSwitch.secondsMax / unit).")
            }
            return UInt64(value * unit) * 1_000
        }
        var settings = SettlerSettings()
        if let wait = try milliseconds(user.settlerWaitMinutes, 60, "settler-wait-minutes") {
            settings.dataMilliseconds = wait
        }
        if let quiet = try milliseconds(user.settlerQuietSeconds, 1, "settler-quiet-seconds") {
            settings.quietMilliseconds = quiet
        }
        if let delay = try milliseconds(user.settlerDelaySeconds, 1, "settler-delay-seconds") {
            settings.delayMilliseconds = delay
        }
        self.settings = settings
    }
}
