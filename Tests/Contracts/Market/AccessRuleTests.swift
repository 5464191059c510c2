import Agreements
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import Testing

/// The rule by itself: each refusal, one change away from a yes.
@Suite struct AccessRuleTests {
    static let user = SHA256.hash([1])
    static let owner = SHA256.hash([2])
    static let provider = SHA256.hash([3])
    static let key = ContractTestBench.key(of: "rule").publicKey

    static func dataSet(_ sharingClass: SharingClass = .saleOnly, owners: [Digest] = [owner]) -> SharedDataSet {
        SharedDataSet(
            provider: provider, name: "load", location: DataLocation(partner: "metrics", anchor: "load"),
            description: Market.description(sharingClass, owners: owners), changed: Timestamp(1))
    }

    static var agreement: Agreement {
        Agreement(
            number: 7, offer: 0, terms: .zero, provider: provider, user: user, providerKey: key, userKey: key,
            dataSets: [dataSet().id], purposes: .research, plan: Market.plan(.free), from: Timestamp(100),
            until: Timestamp(200), noticeDays: 0, payment: .clear, changed: Timestamp(100))
    }

    static var records: AccessRecords {
        AccessRecords(
            account: Account(
                holder: user, kind: .organisation, status: .active, sponsor: "s", roles: .dataUser,
                capabilities: .accessData, opened: Timestamp(1), changed: Timestamp(1)), dataSet: dataSet(),
            agreement: agreement,
            consents: [Consent(version: 1, purposes: .research, from: Timestamp(90), until: Timestamp(300))])
    }

    static let question = AccessQuestion(user: user, dataSet: dataSet().id, purpose: .research, agreement: 7)

    static func refusal(
        _ question: AccessQuestion = question, at time: UInt64 = 150, _ change: (inout AccessRecords) -> Void = { _ in }
    ) -> AccessRefusal? {
        var records = records
        change(&records)
        return AccessRule.refusal(question, records, at: Timestamp(time))
    }

    static func asked(purpose: Purposes = .research, agreement: UInt64? = 7) -> AccessQuestion {
        AccessQuestion(user: user, dataSet: dataSet().id, purpose: purpose, agreement: agreement)
    }

    @Test func everyRefusalIsOneChangeAway() {
        #expect(Self.refusal() == nil)
        var seen: Set<AccessRefusal> = []
        func expect(_ refusal: AccessRefusal, _ actual: AccessRefusal?) {
            #expect(actual == refusal)
            seen.insert(refusal)
        }
        expect(.purposeUnclear, Self.refusal(Self.asked(purpose: [])))
        expect(.purposeUnclear, Self.refusal(Self.asked(purpose: [.research, .advice])))
        expect(.purposeUnclear, Self.refusal(Self.asked(purpose: Purposes(rawValue: 1 << 30))))
        expect(.accountUnknown, Self.refusal { $0.account = nil })
        for status in [AccountStatus.pending, .suspended, .revoked] {
            expect(.accountNotActive, Self.refusal { $0.account?.status = status })
        }
        expect(.capabilityMissing, Self.refusal { $0.account?.capabilities = [.shareData, .search] })
        expect(.dataSetUnknown, Self.refusal { $0.dataSet = nil })
        expect(.agreementMissing, Self.refusal { $0.agreement = nil })
        expect(.agreementMissing, Self.refusal(Self.asked(agreement: 8)))
        expect(.agreementMissing, Self.refusal(Self.asked(agreement: nil)))
        expect(.purposeNotAgreed, Self.refusal(Self.asked(purpose: .forecasting)))
        expect(.notStarted, Self.refusal(at: 99))
        expect(.ended, Self.refusal(at: 200))
        #expect(Self.refusal(at: 100) == nil && Self.refusal(at: 199) == nil)
        expect(.paymentAwaited, Self.refusal { $0.agreement?.payment = .awaited })
        expect(.paymentOverdue, Self.refusal { $0.agreement?.payment = .overdue })
        expect(.consentMissing, Self.refusal { $0.consents = [] })
        expect(.consentMissing, Self.refusal { $0.consents = [nil] })
        expect(.consentMissing, Self.refusal { $0.consents[0]?.withdrawn = Timestamp(150) })
        #expect(Self.refusal { $0.consents[0]?.withdrawn = Timestamp(151) } == nil)
        expect(
            .consentOutdated,
            Self.refusal {
                $0.dataSet?.version = 2; $0.dataSet?.asked = 2
            })
        #expect(Self.refusal { $0.dataSet?.version = 2 } == nil)
        let foreign = AccessQuestion(user: Self.user, dataSet: .zero, purpose: .research, agreement: 7)
        expect(.dataSetUnknown, Self.refusal(foreign))
        expect(.agreementForeign, Self.refusal { $0.agreement = Self.other(user: Self.owner) })
        expect(.agreementForeign, Self.refusal { $0.agreement = Self.other(dataSets: [.zero]) })
        expect(
            .dataSetWithdrawn,
            Self.refusal(Self.asked(agreement: nil)) {
                $0.dataSet = Self.dataSet(.open); $0.dataSet?.isWithdrawn = true
            })
        // An agreement that was paid for runs on.
        #expect(
            Self.refusal {
                $0.dataSet = Self.dataSet(.open); $0.dataSet?.isWithdrawn = true
            } == nil)
        // An open data set needs no agreement, but the purpose and the owners' consents.
        #expect(
            Self.refusal(Self.asked(agreement: nil)) {
                $0.dataSet = Self.dataSet(.open); $0.agreement = nil
            } == nil)
        expect(
            .purposeNotAgreed,
            Self.refusal(Self.asked(purpose: .advice, agreement: nil)) { $0.dataSet = Self.dataSet(.open) })
        expect(.purposeNotAgreed, Self.refusal(Self.asked(purpose: .advice)) { $0.dataSet = Self.dataSet(.open) })
        // One that is named is the reader's, and holds: accesses count under it.
        func open(at time: UInt64 = 150, _ agreement: Agreement?) -> AccessRefusal? {
            Self.refusal(at: time) {
                $0.dataSet = Self.dataSet(.open); $0.agreement = agreement
            }
        }
        #expect(open(Self.agreement) == nil && open(nil) == .agreementMissing)
        #expect(open(at: 200, Self.agreement) == .ended)
        #expect(open(Self.other(user: Self.owner)) == .agreementForeign)
        #expect(open(Self.other(dataSets: [.zero])) == .agreementForeign)
        #expect(seen == Set(AccessRefusal.allCases))
        #expect(Set(AccessRefusal.allCases.map(\.text)).count == AccessRefusal.allCases.count)
        // Out of the market, an agreement runs on.
        #expect(Self.refusal { $0.dataSet?.isWithdrawn = true } == nil)
    }

    static func other(user: Digest = user, dataSets: [Digest] = [dataSet().id]) -> Agreement {
        Agreement(
            number: 7, offer: 0, terms: .zero, provider: provider, user: user, providerKey: key, userKey: key,
            dataSets: dataSets, purposes: .research, plan: Market.plan(.free), from: Timestamp(100),
            until: Timestamp(200), noticeDays: 0, payment: .clear, changed: Timestamp(100))
    }

    @Test func whereDataMayLie() throws {
        let location = DataLocation(partner: "a", anchor: "x", copies: ["b"])
        let open = Market.description()
        let bound = Market.description(countries: ["DE", "FR"])
        let german = try #require(CountryCode("DE"))
        func refusal(_ description: DataDescription, _ partner: String, _ country: CountryCode?) -> StorageRefusal? {
            AccessRule.storageRefusal(location, description, partner: partner, country: country)
        }
        #expect(refusal(open, "a", nil) == nil && refusal(bound, "b", german) == nil)
        #expect(refusal(open, "c", german) == .notNamed)
        #expect(refusal(bound, "a", nil) == .countryUnknown)
        #expect(refusal(bound, "a", CountryCode("IT")) == .countryForbidden)
    }

    @Test func contradictionsOfDescriptions() {
        func problem(
            _ sharingClass: SharingClass = .saleOnly, sovereignty: Sovereignty = .open, countries: [String] = [],
            privacy: PrivacyStatus = .anonymised, authority: SharingAuthority = .ownership, owners: [Digest] = [],
            purposes: Purposes = .research, noticeDays: UInt16 = 1
        ) -> String? {
            DataDescription(
                origin: .derived, type: .table, sharingClass: sharingClass, sovereignty: sovereignty,
                countries: countries.compactMap(CountryCode.init), privacy: privacy, velocity: .daily, volume: 1,
                authority: authority, owners: owners, purposes: purposes, noticeDays: noticeDays, text: .zero
            ).problem
        }
        #expect(problem() == nil)
        #expect(problem(sovereignty: .restricted, countries: ["DE"]) == nil)
        let wrong = [
            problem(sovereignty: .restricted), problem(countries: ["DE"]),
            problem(sovereignty: .restricted, countries: ["FR", "DE"]), problem(authority: .consent),
            problem(owners: [Self.owner]), problem(authority: .consent, owners: [Self.owner, Self.owner]),
            problem(privacy: .personal), problem(purposes: []), problem(noticeDays: 367),
            problem(.open, privacy: .personal, authority: .law),
        ]
        for text in wrong { #expect(text != nil) }
    }

    /// The largest records fit a stored value, and the largest events an event.
    @Test func boundsOfRecords() {
        let long = String(repeating: "x", count: 64)
        let owners = (0..<UInt8(8)).map { SHA256.hash([$0]) }.sorted()
        let countries = (0..<16).compactMap { CountryCode("A" + String(UnicodeScalar(UInt8(65 + $0)))) }
        let description = DataDescription(
            origin: .measured, type: .table, sharingClass: .saleOnly, sovereignty: .restricted, countries: countries,
            privacy: .personal, velocity: .daily, volume: .max, authority: .consent, owners: owners,
            purposes: .research,
            text: .zero)
        let location = DataLocation(partner: long, anchor: long, copies: (0..<4).map { _ in long })
        let dataSet = SharedDataSet(
            provider: .zero, name: long, location: location, description: description, changed: Timestamp(0))
        #expect(description.problem == nil && Partner.idBytesMax == 64)
        #expect(dataSet.bcs.count <= 1_024, "\(dataSet.bcs.count) bytes")
        #expect(Self.other(dataSets: owners).bcs.count <= 1_024)
    }
}
