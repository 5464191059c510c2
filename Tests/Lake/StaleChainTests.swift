import Chain
import ContractKit
import LedgerCrypto
import Primitives
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@testable import DataLake

/// A node whose chain is behind does not know whose right to readings ended since.
@Suite("Lakes behind the chain") struct StaleChainTests {
    private func service(_ partner: String, _ cluster: Cluster, behind: UInt64) throws -> LakeService {
        LakeService(
            partner: partner, lake: try cluster.lake(partner), attester: nil,
            now: { cluster.time.adding(milliseconds: behind) }, communities: Cluster.communities(of: partner)
        ) { () throws(StorageFailure) in cluster.chain }
    }

    private func reason(_ answer: LakeMessage) -> LakeRefusal.Reason? {
        if case .refused(let refusal) = answer { refusal.reason } else { nil }
    }

    @Test func nothingIsGivenByAnOldState() async throws {
        let cluster = try Cluster()
        let batches = (1...2).map { Homes.batch($0, hours: 3) }
        let address = try cluster.community(Homes.rules(), homes: 2, from: Homes.first, batches: batches)
        _ = try await cluster.settle(address, Homes.first)
        let (digest, period) = (batches[0].digest, Homes.first)
        let messages: [LakeMessage] = [
            .batch(digest), .list(community: address, from: Timestamp(0), to: Timestamp(.max)), .store(batches[0].bcs),
            .salts(community: address, period: period, version: 1),
            .saltPart(community: address, period: period, version: 1, first: 0),
            .batchPart(community: address, period: period, version: 1, first: 0),
            .inputs(community: address, period: period, version: 1),
        ]
        let late = ChainView.ageMillisecondsMax
        for message in messages {
            let fresh = try await service("aurora", cluster, behind: late).handle(message, from: "borealis")
            #expect(reason(fresh) == nil, "\(message)")
            let behind = try await service("aurora", cluster, behind: late + 1).handle(message, from: "borealis")
            #expect(reason(behind) == .unavailable, "\(message)")
            // The own partner asks its own lake.
            let own = try await service("aurora", cluster, behind: late + 1).handle(message, from: "aurora")
            #expect(reason(own) == nil, "\(message)")
        }
    }

    /// Who provides the readings may have them in any case; whether others may is not known.
    @Test func uploadsWaitAtOthers() throws {
        let cluster = try Cluster()
        _ = try cluster.community(Homes.rules(), homes: 1, from: Homes.first, batches: [])
        try cluster.registerUploadKey()
        let upload = cluster.upload(Homes.batch(1))
        let late = ChainView.ageMillisecondsMax + 1
        do {
            _ = try service("aurora", cluster, behind: late).accept(upload)
            Issue.record("it was taken")
        } catch let refusal as LakeRefusal {
            #expect(refusal.reason == .unavailable)
        }
        #expect(try cluster.lake("aurora").entry(upload.digest) == nil)
        #expect(try service("corona", cluster, behind: late).accept(upload).digest == upload.digest)
        #expect(try service("aurora", cluster, behind: late - 1).accept(upload).digest == upload.digest)
    }
}

extension BatchUpload {
    fileprivate var digest: Digest { SHA256.hash(bytes) }
}
