import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Synchronization
import Testing
import Trading
import TradingTestSupport

/// Salts that partners ask for before they are stored.
@Suite("Salts made ahead")
struct SaltCacheTests {
    private func part(_ cluster: Cluster, _ address: Address, _ period: PeriodNumber) async -> LakeMessage? {
        await cluster.ask(
            Cluster.administrator, .saltPart(community: address, period: period, version: 1, first: 0), from: "dawn")
    }

    private func cluster() throws -> (Cluster, Address) {
        let cluster = try Cluster()
        let address = try cluster.community(
            Homes.rules(), homes: 2, from: Homes.first, batches: (1...2).map { Homes.batch($0) })
        return (cluster, address)
    }

    /// A member that is admitted after a partner asked is in the next answer.
    @Test func theyFollowTheMembers() async throws {
        let (cluster, address) = try cluster()
        guard case .saltList(let before)? = await part(cluster, address, Homes.first) else {
            Issue.record("no salts")
            return
        }
        #expect(before.members.map(\.member.value) == [1, 2])
        try cluster.network.withLock { (network) in
            try network.registerMeter(3)
            _ = try network.must(Community.admit, on: address, network.admission(3, to: address, from: Homes.first))
        }
        try cluster.lake(Cluster.administrator).secrets.setKey(
            SHA256.hash([3]), of: MemberNumber(3), in: address)
        guard case .saltList(let after)? = await part(cluster, address, Homes.first) else {
            Issue.record("no salts")
            return
        }
        #expect(after.members.map(\.member.value) == [1, 2, 3])
        #expect(Array(after.members.prefix(2)) == before.members)
    }

    /// Other members, same keys: what was made for the members before is not given for those after.
    @Test func eachMembershipHasItsOwn() throws {
        let folder = try TemporaryFolder()
        let secrets = try DataLake(folder: folder.url).secrets
        let address = WellKnown.results
        for member in UInt32(1)...3 {
            try secrets.setKey(SHA256.hash([UInt8(member)]), of: MemberNumber(member), in: address)
        }
        try secrets.setKey(SHA256.hash([9]), of: nil, in: address)
        func salts(_ count: UInt32, _ membership: Digest) throws -> SaltList? {
            try secrets.derivedSalts(
                of: (1...count).map { MemberNumber($0) }, in: address, period: Homes.first, version: 1,
                membership: membership)
        }
        #expect(try salts(2, SHA256.hash([1]))?.members.count == 2)
        #expect(try salts(3, SHA256.hash([2]))?.members.count == 3)
        #expect(try salts(2, SHA256.hash([1]))?.members.count == 2)
        #expect(
            try secrets.storedSalts(of: address, period: Homes.first, version: 1, first: 0, limit: 9) == nil)
        // Another key makes other salts, at once.
        let old = try salts(2, SHA256.hash([1]))
        try secrets.setKey(SHA256.hash([77]), of: MemberNumber(1), in: address)
        let new = try salts(2, SHA256.hash([1]))
        #expect(old?.members[0] != new?.members[0] && old?.members[1] == new?.members[1])
        try secrets.destroy(MemberNumber(1), in: address)
        #expect(try salts(2, SHA256.hash([1])) == nil)
    }

    @Test func aPeriodThatIsNotOverHasNone() async throws {
        let (cluster, address) = try cluster()
        let now = cluster.network.withLock { $0.time }
        let open = PeriodNumber(now.value / 3_600_000)
        for message in [
            LakeMessage.saltPart(community: address, period: open, version: 1, first: 0),
            .salts(community: address, period: open, version: 1),
            .salts(community: address, period: PeriodNumber(.max), version: 1),
        ] {
            guard case .refused(let refusal)? = await cluster.ask(Cluster.administrator, message, from: "dawn") else {
                Issue.record("salts of a period that is not over")
                return
            }
            #expect(refusal.reason == .notHeld && refusal.text.contains("is not over"))
        }
        guard case .saltList? = await part(cluster, address, PeriodNumber(open.value - 1)) else {
            Issue.record("no salts of a period that is over")
            return
        }
    }
}
