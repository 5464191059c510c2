import Chain
import ContractHost
import ContractKit
import ContractSuite
import Governance
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite struct DeterminismTests {
    /// One digest for everything that a fixed random history leaves: state, changes and receipts of every block. It is
    /// pinned, so that two processes with different hash seeds, two machines and two releases must agree on it.
    static func history() throws -> Digest {
        var writer = ShapeWriter(seed: 21)
        var bench = try Consortium.bench()
        var transcript = BCSEncoder()
        let contracts = ["governance", "identity", "anchors", "registry", "accounts", "agreements", "billing"]
        for _ in 0..<25 {
            var transactions: [Transaction] = []
            for name in contracts {
                guard let contract = bench.application.release.newest.first(where: { $0.name == name }),
                    let address = Address(text: name)
                else { continue }
                for call in contract.calls {
                    let partner = Consortium.partners[Int(writer.generator.next() % 8)].id
                    let made = Call(instance: address, method: call.number, arguments: writer.bytes(call.arguments))
                    guard made.arguments.count <= Call.argumentBytesMax else { continue }
                    let transaction = try bench.transaction([made], as: partner)
                    if try bench.admission(of: transaction) == nil { transactions.append(transaction) }
                }
            }
            let block = bench.nextBlock
            let once = try bench.application.execute(context: block, transactions: transactions, state: bench.state)
            let twice = try bench.application.execute(context: block, transactions: transactions, state: bench.state)
            #expect(once?.changes == twice?.changes)
            #expect(once?.receipts == twice?.receipts)
            #expect(once?.nextValidators == twice?.nextValidators)
            bench.advance(milliseconds: writer.generator.next() % 20_000)
            for receipt in try bench.runBlock(transactions) { transcript.value(receipt) }
            for (left, right) in zip(bench.lastChanges, bench.lastChanges.dropFirst()) {
                #expect(left.key.lexicographicallyPrecedes(right.key))
            }
        }
        transcript.fixed(bench.state.digest)
        return SHA256.hash(transcript.bytes)
    }

    @Test func aHistoryGivesThePinnedResult() throws {
        let history = try Self.history()
        #expect(history.description == "a354b06782a7ea3681e199851f6c32184dc38711288d9be328bea4081214319d")
    }

    @Test func genesisIsTheSameTwice() throws {
        let genesis = try ContractTestBench.genesis(
            validators: Consortium.council, application: Consortium.suiteGenesis.bcs)
        let first = try ContractSuite.application.genesisState(genesis)
        #expect(try ContractSuite.application.genesisState(genesis) == first)
        #expect(!first.isEmpty)
        #expect(zip(first, first.dropFirst()).allSatisfy { $0.key.lexicographicallyPrecedes($1.key) })
    }

    @Test func aGenesisThatNamesUnknownContractsOrPartnersIsRefused() throws {
        var unknown = Consortium.suiteGenesis
        unknown.contracts.append(ContractVersion("witchcraft", 1, sources: .zero))
        #expect(rejectionCode { _ = try Self.state(unknown) } == HostRejection.unknownVersion.code)
        var missing = Consortium.suiteGenesis
        missing.partners.removeFirst()
        #expect(rejectionCode { _ = try Self.state(missing) } == Governance.partnerUnknown.code)
        var powerless = Consortium.suiteGenesis
        powerless.partners[0].roles = .council
        #expect(rejectionCode { _ = try Self.state(powerless) } == Governance.roleNeeded.code)
    }

    @Test func aLargeConsortiumFitsIntoGenesis() throws {
        var suite = Consortium.suiteGenesis
        suite.partners += (0..<600).map { Consortium.partner("member-\($0)", .participant) }
        suite.meters = (0..<600).map {
            Meter(number: $0, gridOperator: "gridco", dataProvider: "metrics", holder: .zero, isConfirmed: true)
        }
        #expect(try Self.state(suite).count > 2_400)
    }

    static func state(_ suite: SuiteGenesis) throws -> [StateChange] {
        let genesis = try ContractTestBench.genesis(validators: Consortium.council, application: suite.bcs)
        return try ContractSuite.application.genesisState(genesis)
    }
}
