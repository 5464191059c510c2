import Agreements
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Random offers, countersignatures, consents, notices, revocations and time against an independent model: every step
/// that the model forbids is refused, and who may read is compared after every block.
@Suite struct AgreementModelTests {
    static let day = Timestamp.dayMilliseconds

    struct ModelOffer {
        let set: Int
        let copies: UInt16
        let days: UInt64
        let expiry: UInt64
        /// Of the description that it was made with.
        let version: UInt32
        var taken: UInt16 = 0
        var takers: Set<Int> = []
        var isWithdrawn = false

        func state(_ now: UInt64) -> String {
            if isWithdrawn { return "withdrawn" }
            if taken == copies { return "taken" }
            return now >= expiry ? "lapsed" : "open"
        }
    }

    struct ModelAgreement {
        let set: Int
        let user: Int
        let from: UInt64
        var until: UInt64
        var isNoticed = false
        /// Set when it ended by an act.
        var ended: String?

        func state(_ now: UInt64) -> String {
            if let ended { return ended }
            if now >= until { return isNoticed ? "terminated" : "expired" }
            return isNoticed ? "noticed" : "running"
        }
    }

    struct Walk {
        var generator: SeededGenerator
        var market: Market
        let provider: Party
        let rival: Party
        let users: [Party]
        let owner: Party
        /// Set 0 needs no consent and no notice, set 1 the owner's consent and two days of notice.
        let sets: [Digest]
        var offers: [ModelOffer] = []
        var agreements: [ModelAgreement] = []
        var consent: (version: UInt32, from: UInt64, until: UInt64)?
        /// The description of set 1 as it is now: text, volume, purposes beside research; its version, and the first one
        /// that asked for no less.
        var (text, volume, isWide): (UInt8, UInt64, Bool) = (1, 100, true)
        /// Where its batches are.
        var anchor = "owned"
        var (version, asked): (UInt32, UInt32) = (1, 1)

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            market = try Market()
            provider = try market.organisation("provider", .dataProvider)
            rival = try market.organisation("rival", .dataProvider)
            users = [try market.organisation("anton", .dataUser), try market.organisation("berta", .dataUser)]
            owner = try market.person("ann", .serviceUser)
            sets = [
                try market.describe("plain", Market.description(), by: provider),
                try market.describe("owned", Self.described(1, 100, true, owner), by: provider),
            ]
        }

        static func described(_ text: UInt8, _ volume: UInt64, _ isWide: Bool, _ owner: Party) -> DataDescription {
            DataDescription(
                origin: .measured, type: .timeSeries, sharingClass: .saleOnly, privacy: .pseudonymised,
                velocity: .hourly, volume: volume, authority: .consent, owners: [owner.holder],
                purposes: isWide ? [.research, .forecasting] : .research, noticeDays: 2, deletionDays: 30,
                text: SHA256.hash([text]))
        }

        mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
        /// Time of the block that the next act makes.
        var now: UInt64 { market.bench.time.value + market.bench.blockMilliseconds }

        /// A step with its state before, whether the model allows it, and what the chain said; nil: nothing to try.
        mutating func step() throws -> (name: String, isAllowed: Bool, code: UInt16?)? {
            switch pick(11) {
            case 8: return revise()
            case 0: return try offer()
            case 1, 2: return offers.isEmpty ? nil : countersign(pick(offers.count))
            case 3: return offers.isEmpty ? nil : withdraw(pick(offers.count))
            case 4: return agreements.isEmpty ? nil : revoke(pick(agreements.count))
            case 5: return agreements.isEmpty ? nil : terminate(pick(agreements.count))
            case 6: return grant()
            case 7: return withdrawConsent()
            default:
                market.bench.advance(milliseconds: UInt64(pick(30)) * 3_600_000)
                try market.bench.runBlock()
                return nil
            }
        }

        private mutating func offer() throws -> (name: String, isAllowed: Bool, code: UInt16?) {
            let made = ModelOffer(
                set: pick(2), copies: UInt16(1 + pick(2)), days: UInt64(1 + pick(6)),
                expiry: now + UInt64(1 + pick(3)) * AgreementModelTests.day, version: 0)
            let terms = OfferTerms(
                dataSets: [sets[made.set]], copies: made.copies, purposes: .research, durationDays: UInt32(made.days),
                expiry: Timestamp(made.expiry), plan: Market.plan(.free), text: .zero)
            let code = market.code(Agreements.offer, terms, by: provider, on: WellKnown.agreements)
            offers.append(
                ModelOffer(
                    set: made.set, copies: made.copies, days: made.days, expiry: made.expiry,
                    version: made.set == 1 ? version : 1))
            return ("offer", true, code)
        }

        private mutating func countersign(_ index: Int) -> (name: String, isAllowed: Bool, code: UInt16?) {
            let offer = offers[index]
            let state = offer.state(now)
            let (at, user) = (now, pick(2))
            let terms = (try? market.offer(UInt64(index)).terms.digest) ?? .zero
            let code = market.code(
                Agreements.countersign, Countersign(offer: UInt64(index), terms: terms), by: users[user],
                on: WellKnown.agreements)
            let isRevised = offer.set == 1 && offer.version != version
            let isAllowed = state == "open" && !isRevised && !offer.takers.contains(user)
            if isAllowed {
                offers[index].taken += 1
                offers[index].takers.insert(user)
                agreements.append(
                    ModelAgreement(
                        set: offer.set, user: user, from: at, until: at + offer.days * AgreementModelTests.day))
            }
            return ("countersign \(state) \(isRevised)", isAllowed, code)
        }

        private mutating func withdraw(_ index: Int) -> (name: String, isAllowed: Bool, code: UInt16?) {
            let state = offers[index].state(now)
            let isOwn = pick(4) > 0
            let code = market.code(
                Agreements.withdrawOffer, OfferID(UInt64(index)), by: isOwn ? provider : rival,
                on: WellKnown.agreements)
            let isAllowed = isOwn && state == "open"
            if isAllowed { offers[index].isWithdrawn = true }
            return ("withdraw \(state)", isAllowed, code)
        }

        private mutating func revoke(_ index: Int) -> (name: String, isAllowed: Bool, code: UInt16?) {
            let (state, at) = (agreements[index].state(now), now)
            let isOwn = pick(4) > 0
            let body = EndAgreement(agreement: UInt64(index), reason: 1)
            let code = market.code(Agreements.revoke, body, by: isOwn ? provider : rival, on: WellKnown.agreements)
            let isAllowed = isOwn && (state == "running" || state == "noticed")
            if isAllowed {
                agreements[index].ended = "revoked"
                agreements[index].until = at
            }
            return ("revoke \(state)", isAllowed, code)
        }

        private mutating func terminate(_ index: Int) -> (name: String, isAllowed: Bool, code: UInt16?) {
            let agreement = agreements[index]
            let (state, at) = (agreement.state(now), now)
            let party = [provider, users[agreement.user], users[1 - agreement.user]][pick(3)]
            let isParty = party.holder != users[1 - agreement.user].holder
            let body = EndAgreement(agreement: UInt64(index), reason: 1)
            let code = market.code(Agreements.terminate, body, by: party, on: WellKnown.agreements)
            // A user that cannot read for want of the owner's consent needs no notice.
            let isLost = agreement.set == 1 && party.holder != provider.holder && !isConsented(at)
            let isAtOnce = agreement.set == 0 || isLost
            let isAllowed = isParty && (state == "running" || (state == "noticed" && isAtOnce))
            if isAllowed {
                if isAtOnce {
                    agreements[index].ended = "terminated"
                    agreements[index].until = at
                } else {
                    agreements[index].isNoticed = true
                    agreements[index].until = min(agreement.until, at + 2 * AgreementModelTests.day)
                }
            }
            return ("terminate \(state)", isAllowed, code)
        }

        private mutating func grant() -> (name: String, isAllowed: Bool, code: UInt16?) {
            let (at, until) = (now, now + UInt64(1 + pick(4)) * AgreementModelTests.day)
            let named = pick(4) > 0 ? version : version - 1
            let body = GrantConsent(
                dataSet: sets[1], version: named, purposes: .research, until: Timestamp(until))
            let isOwner = pick(4) > 0
            let code = market.code(
                Agreements.grantConsent, body, by: isOwner ? owner : users[0], on: WellKnown.agreements)
            let isAllowed = isOwner && named == version
            if isAllowed { consent = (version, at, until) }
            return ("grant \(isOwner)", isAllowed, code)
        }

        /// A new version of set 1: as it was, with another text, more or less of it, for more or fewer purposes, elsewhere.
        private mutating func revise() -> (name: String, isAllowed: Bool, code: UInt16?) {
            let before = (text, volume, isWide)
            let place = anchor
            switch pick(6) {
            case 0: text = UInt8(1 + pick(3))
            case 1: volume += 1
            case 2: volume -= 1
            case 3: isWide.toggle()
            case 4: anchor = anchor == "owned" ? "owned/more" : "owned"
            default: break
            }
            let body = DescribeDataSet(
                name: "owned", previous: version, location: DataLocation(partner: "metrics", anchor: anchor),
                description: Self.described(text, volume, isWide, owner))
            let code = market.code(
                Agreements.describe, body, by: provider, on: WellKnown.agreements, via: "metrics")
            version += 1
            let isMore = text != before.0 || volume > before.1 || (isWide && !before.2)
            if isMore || anchor != place { asked = version }
            return ("revise", true, code)
        }

        private mutating func withdrawConsent() -> (name: String, isAllowed: Bool, code: UInt16?) {
            let holds = consent.map { now < $0.until } ?? false
            let code = market.code(
                Agreements.withdrawConsent, DataSetID(sets[1]), by: owner, on: WellKnown.agreements)
            if holds { consent = nil }
            return ("withdrawConsent \(holds)", holds, code)
        }

        /// Whether the model lets a user read at the time of the next block.
        func mayRead(_ agreement: ModelAgreement) -> Bool {
            return agreement.from <= now && now < agreement.until
                && (agreement.set == 0 || isConsented(now))
        }

        func isConsented(_ time: UInt64) -> Bool {
            consent.map { $0.from <= time && time < $0.until && $0.version >= asked } ?? false
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func randomStepsFollowTheModel(seed: UInt64) throws {
        var walk = try Walk(seed: seed)
        var tried: Set<String> = []
        for step in 0..<300 {
            guard let result = try walk.step() else { continue }
            let place: Comment = "seed \(seed), step \(step): \(result.name), code \(String(describing: result.code))"
            #expect((result.code == nil) == result.isAllowed, place)
            tried.insert("\(result.name) \(result.isAllowed)")
            let time = walk.market.bench.time.value
            for (index, offer) in walk.offers.enumerated() {
                let stored = try walk.market.offer(UInt64(index))
                #expect(
                    "\(stored.state(at: walk.market.bench.time))" == offer.state(time) && stored.taken == offer.taken,
                    place)
            }
            for (index, agreement) in walk.agreements.enumerated() {
                let stored = try walk.market.agreement(UInt64(index))
                #expect("\(stored.state)" == agreement.state(time) && stored.until.value == agreement.until, place)
                for user in 0..<2 {
                    let refusal = try walk.market.refusal(
                        walk.users[user], walk.sets[agreement.set], UInt64(index))
                    #expect((refusal == nil) == (user == agreement.user && walk.mayRead(agreement)), place)
                }
            }
        }
        #expect(tried.count >= 20, "\(tried.sorted())")
    }
}
