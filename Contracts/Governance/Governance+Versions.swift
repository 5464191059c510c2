internal import Chain
internal import ContractKit
internal import Primitives

extension Governance {
    static func reportVersion(_ context: Context, _ version: ContractVersion) throws(Rejection) -> Nothing {
        let id = try context.requirePartner(with: .validator)
        try require(context.block.validators.index(ofPartner: id) != nil, notValidator())
        let isNamed = version.name.utf8.allSatisfy { (97...122).contains($0) || $0 == 45 }
        try require(!version.name.isEmpty && isNamed, contractUnknown())
        try versionReports.set(Pair(version.name, Pair(version.version, id)), version.sources, in: context)
        try context.emit(versionReported, version)
        return Nothing()
    }

    /// A version becomes active only when every validator that is not suspended reports exactly these sources: a node
    /// without the code could not follow.
    static func activate(_ activation: Activation, _ context: Context) throws(Rejection) {
        let version = activation.version
        let (latest, isBeyond) = context.height.value.addingReportingOverflow(activationBlocksMax)
        try require(
            activation.from > context.height && (isBeyond || activation.from.value <= latest), activationHeight())
        var current: UInt32 = 0
        var sources = Digest.zero
        if let active = try Directory.activeVersions.get(version.name, in: context) {
            try require(active.from <= context.height, activationPending())
            current = active.version(at: context.height)
            sources = active.sources(at: context.height)
        }
        try require(version.version > current, versionNotNewer())
        for validator in context.block.validators.validators {
            if try partner(validator.partner, context).isSuspended { continue }
            let key = Pair(version.name, Pair(version.version, validator.partner))
            let reported = try versionReports.get(key, in: context)
            try require(reported == version.sources, versionNotReported(validator.partner))
        }
        let next = ActiveVersion(
            current: current, sources: sources, next: version.version, nextSources: version.sources,
            from: activation.from)
        try Directory.activeVersions.set(version.name, next, in: context)
        try context.emit(activationSet, activation)
    }
}
