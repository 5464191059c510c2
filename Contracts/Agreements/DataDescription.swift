package import ContractKit
package import Primitives

/// Where data comes from.
package enum DataOrigin: UInt8, ContractCode {
    case measured = 0
    /// Entered by people.
    case reported = 1
    case derived = 2
    case simulated = 3
    case thirdParty = 4
}

package enum DataType: UInt8, ContractCode {
    case timeSeries = 0
    case table = 1
    case document = 2
    case model = 3
    case events = 4
}

/// How a data set is traded.
package enum SharingClass: UInt8, ContractCode {
    /// Only as the input of services: offered for the purpose service-delivery alone.
    case service = 0
    /// Sold as it is.
    case saleOnly = 1
    /// Every active data user reads it without an agreement.
    case open = 2
}

package enum Sovereignty: UInt8, ContractCode {
    case open = 0
    /// Stored in the named countries only.
    case restricted = 1
}

package enum PrivacyStatus: UInt8, ContractCode {
    case nonPersonal = 0
    case anonymised = 1
    case pseudonymised = 2
    case personal = 3
}

/// How often new data comes.
package enum DataVelocity: UInt8, ContractCode {
    case once = 0
    case yearly = 1
    case monthly = 2
    case daily = 3
    case hourly = 4
    case quarterHourly = 5
    case realTime = 6
}

/// By what right the provider shares.
package enum SharingAuthority: UInt8, ContractCode {
    case ownership = 0
    case licence = 1
    /// Of the data owners that the description names; each must consent.
    case consent = 2
    case law = 3
}

/// What a provider says about a data set. Texts lie off chain, by digest.
package struct DataDescription: Hashable, Sendable, ContractValue {
    package static let countriesMax = 16
    package static let ownersMax = 8

    package let origin: DataOrigin
    package let type: DataType
    package let sharingClass: SharingClass
    package let sovereignty: Sovereignty
    /// Where a restricted data set may be stored: ascending, each once; empty for an open one.
    package let countries: [CountryCode]
    package let privacy: PrivacyStatus
    package let velocity: DataVelocity
    /// Bytes in one year, about.
    package let volume: UInt64
    package let authority: SharingAuthority
    /// Holders of the data owners whose consent is needed: ascending, each once; empty unless authority is `consent`.
    package let owners: [Digest]
    /// What it may be used for.
    package let purposes: Purposes
    /// Termination conditions: days of notice, and days within which a user deletes its copies afterwards.
    package let noticeDays: UInt16
    package let deletionDays: UInt16
    /// SHA-256 of the full text.
    package let text: Digest

    package init(
        origin: DataOrigin, type: DataType, sharingClass: SharingClass, sovereignty: Sovereignty = .open,
        countries: [CountryCode] = [], privacy: PrivacyStatus, velocity: DataVelocity, volume: UInt64,
        authority: SharingAuthority, owners: [Digest] = [], purposes: Purposes, noticeDays: UInt16 = 0,
        deletionDays: UInt16 = 0, text: Digest
    ) {
        self.origin = origin
        self.type = type
        self.sharingClass = sharingClass
        self.sovereignty = sovereignty
        self.countries = countries
        self.privacy = privacy
        self.velocity = velocity
        self.volume = volume
        self.authority = authority
        self.owners = owners
        self.purposes = purposes
        self.noticeDays = noticeDays
        self.deletionDays = deletionDays
        self.text = text
    }

    /// What contradicts itself in it, nil when nothing does.
    package var problem: String? {
        if !DataDescription.isAscending(countries) { return "countries are ascending, each once" }
        if (sovereignty == .restricted) == countries.isEmpty {
            return "a restricted data set names countries, an open one none"
        }
        if !DataDescription.isAscending(owners) { return "data owners are ascending, each once" }
        if (authority == .consent) == owners.isEmpty { return "data owners are named exactly when they must consent" }
        if privacy == .personal, authority != .consent, authority != .law {
            return "personal data is shared by consent or by law"
        }
        if purposes.isEmpty { return "a data set has a purpose" }
        if sharingClass == .open, privacy == .personal { return "personal data is not open" }
        if noticeDays > 366 || deletionDays > 366 { return "notice and deletion take at most 366 days" }
        return nil
    }

    /// Whether it may follow `earlier`: what consents and agreements rest on stays, and countries only become fewer.
    /// Anything else is another data set.
    package func revises(_ earlier: DataDescription) -> Bool {
        authority == earlier.authority && owners == earlier.owners && privacy == earlier.privacy
            && sharingClass == earlier.sharingClass && sovereignty == earlier.sovereignty
            && countries.allSatisfy(earlier.countries.contains)
    }

    /// Whether a consent to `earlier` covers it, too: the same text, origin, type and privacy, and nothing more of purposes,
    /// volume, detail in time or days of keeping copies.
    package func asksNoMore(than earlier: DataDescription) -> Bool {
        text == earlier.text && origin == earlier.origin && type == earlier.type && privacy == earlier.privacy
            && purposes.isSubset(of: earlier.purposes) && volume <= earlier.volume
            && velocity.rawValue <= earlier.velocity.rawValue && deletionDays <= earlier.deletionDays
    }

    private static func isAscending<Value: Comparable>(_ values: [Value]) -> Bool {
        zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
    }

    package static let shape = Shape.fields(
        "DataDescription", ("origin", DataOrigin.shape), ("type", DataType.shape),
        ("sharingClass", SharingClass.shape), ("sovereignty", Sovereignty.shape),
        ("countries", .list(CountryCode.shape, max: countriesMax)), ("privacy", PrivacyStatus.shape),
        ("velocity", DataVelocity.shape), ("volume", .u64), ("authority", SharingAuthority.shape),
        ("owners", .list(.digest, max: ownersMax)), ("purposes", Purposes.shape), ("noticeDays", .u16),
        ("deletionDays", .u16), ("text", .digest))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(origin)
        encoder.value(type)
        encoder.value(sharingClass)
        encoder.value(sovereignty)
        encoder.vector(countries)
        encoder.value(privacy)
        encoder.value(velocity)
        encoder.u64(volume)
        encoder.value(authority)
        encoder.vector(owners)
        encoder.value(purposes)
        encoder.u16(noticeDays)
        encoder.u16(deletionDays)
        encoder.fixed(text)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        origin = try DataOrigin(from: &decoder)
        type = try DataType(from: &decoder)
        sharingClass = try SharingClass(from: &decoder)
        sovereignty = try Sovereignty(from: &decoder)
        countries = try decoder.vector(max: DataDescription.countriesMax)
        privacy = try PrivacyStatus(from: &decoder)
        velocity = try DataVelocity(from: &decoder)
        volume = try decoder.u64()
        authority = try SharingAuthority(from: &decoder)
        owners = try decoder.vector(max: DataDescription.ownersMax)
        purposes = try Purposes(from: &decoder)
        noticeDays = try decoder.u16()
        deletionDays = try decoder.u16()
        text = try decoder.digest()
    }
}
