import Accounts
import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import ContractSuite
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

extension ShapeWriter where Generator == SeededGenerator {
    /// Knows the partners of `Consortium`.
    init(seed: UInt64) {
        self.init(
            generator: SeededGenerator(seed: seed), words: Consortium.partners.map(\.id) + ["readings", "anchors"],
            keys: Consortium.partners.map { ContractTestBench.key(of: $0.id).publicKey })
    }
}

/// Rounds of each fuzz loop; `COMMONWATT_FUZZ` raises it.
let fuzzRounds = ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 60

@Suite struct FuzzTests {
    /// Every call of every contract with shaped, mutated and random arguments, from partners of every role: whatever
    /// comes back, it is a receipt, and the state stays readable.
    @Test func argumentsNeverTrap() throws {
        var writer = ShapeWriter(seed: 11)
        var bench = try Consortium.bench()
        let instances = [
            WellKnown.governance, WellKnown.identity, WellKnown.anchors, WellKnown.registry, WellKnown.instances,
            WellKnown.accounts, WellKnown.agreements, WellKnown.billing,
        ]
        var succeeded: Set<String> = []
        for instance in instances {
            let record = try #require(try HostState.instances.get(instance, in: bench.reading(WellKnown.host)))
            let contract = try #require(bench.application.release.contract(record.contract, version: record.version))
            for round in 0..<fuzzRounds {
                var calls: [Transaction] = []
                for call in contract.calls {
                    let shaped = writer.bytes(call.arguments)
                    let bytes = round % 3 == 2 ? writer.mutate(shaped) : shaped
                    guard bytes.count <= Call.argumentBytesMax else { continue }
                    let partner = Consortium.partners[Int(writer.generator.next() % 8)].id
                    let made = Call(instance: instance, method: call.number, arguments: bytes)
                    let transaction = try bench.transaction([made], as: partner)
                    if try bench.admission(of: transaction) == nil { calls.append(transaction) }
                }
                let receipts = try bench.runBlock(calls)
                #expect(receipts.count == calls.count)
                for receipt in receipts where receipt.rejection == nil { succeeded.insert(contract.name) }
                for receipt in receipts {
                    #expect(receipt.rejection?.code != HostRejection.malformedState.code)
                    #expect(receipt.rejection?.code != HostRejection.localFailure.code)
                    #expect(try Receipt(bcs: receipt.bcs) == receipt)
                }
            }
        }
        // The fuzzer reaches behind the decoders.
        #expect(succeeded.isSuperset(of: ["governance", "anchors", "registry"]))
    }

    @Test func queriesNeverTrap() throws {
        var writer = ShapeWriter(seed: 12)
        let bench = try Consortium.bench()
        let instances = [
            WellKnown.governance, WellKnown.identity, WellKnown.anchors, WellKnown.registry, WellKnown.accounts,
            WellKnown.agreements, WellKnown.billing,
        ]
        for instance in instances {
            let record = try #require(try HostState.instances.get(instance, in: bench.reading(WellKnown.host)))
            let contract = try #require(bench.application.release.contract(record.contract, version: record.version))
            for query in contract.queries {
                for _ in 0..<fuzzRounds {
                    let shaped = writer.bytes(query.arguments)
                    for bytes in [shaped, writer.mutate(shaped)] {
                        _ = try bench.application.query(
                            instance, query.number, arguments: bytes, context: bench.nextBlock, state: bench.state)
                    }
                }
            }
        }
    }

    func check<Value: ContractValue>(_ type: Value.Type, _ writer: inout ShapeWriter<SeededGenerator>) {
        var decoded = 0
        for _ in 0..<max(200, fuzzRounds) {
            let bytes = writer.bytes(Value.shape)
            do {
                let value = try Value(bcs: bytes)
                #expect(value.bcs == bytes, "\(type)")
                decoded += 1
            } catch {
                // Its own rules may refuse it; a wrong shape would fail otherwise.
                guard case .invalid = error.reason else {
                    Issue.record("\(type): bytes of its shape do not decode: \(error)")
                    return
                }
            }
            let mutated = writer.mutate(bytes)
            if let value = try? Value(bcs: mutated) { #expect(value.bcs == mutated, "\(type)") }
        }
        #expect(decoded > 0, "\(type)")
    }

    @Test func shapesDescribeWhatIsEncoded() {
        var writer = ShapeWriter(seed: 13)
        check(Partner.self, &writer)
        check(NetworkParameters.self, &writer)
        check(ActiveVersion.self, &writer)
        check(Delegation.self, &writer)
        check(Meter.self, &writer)
        check(SigningKey.self, &writer)
        check(BatchAnchor.self, &writer)
        check(Tombstone.self, &writer)
        check(Attestation.self, &writer)
        check(AttestationPolicy.self, &writer)
        check(ContractVersion.self, &writer)
        check(ScheduleID.self, &writer)
        check(InstanceRecord.self, &writer)
        check(InstanceNotice.self, &writer)
        check(CreateInstance.self, &writer)
    }

    @Test func shapesOfTheMarketDescribeWhatIsEncoded() {
        var writer = ShapeWriter(seed: 16)
        check(Account.self, &writer)
        check(Act.self, &writer)
        check(ActRequest.self, &writer)
        check(OpenAccount.self, &writer)
        check(AccountContract.self, &writer)
        check(ActorAnswer.self, &writer)
        check(DataLocation.self, &writer)
        check(Consent.self, &writer)
        check(AccessQuestion.self, &writer)
        check(AccessAnswer.self, &writer)
        check(AccessLog.self, &writer)
        check(PaymentChange.self, &writer)
        check(JournalLine.self, &writer)
        check(BalanceSheet.self, &writer)
        check(Dispute.self, &writer)
        check(Reminder.self, &writer)
    }

    /// Argument and result shapes of all calls, by running their decoders: a shaped argument never fails to decode for
    /// another reason than the value's own rules.
    @Test func shapesOfCallsFitTheirDecoders() throws {
        var writer = ShapeWriter(seed: 14)
        for contract in ContractSuite.application.release.contracts {
            for call in contract.calls {
                for _ in 0..<30 {
                    let bytes = writer.bytes(call.arguments)
                    let context = OpenServices.context(OpenServices())
                    do {
                        _ = try call.run(context, bytes)
                    } catch  where error.code == HostRejection.malformedArguments.code {
                        let isOwnRule = ![
                            "ends too early", "not canonical", "above its limit", "unknown tag", "remain",
                        ]
                        .contains { error.text.contains($0) }
                        #expect(isOwnRule, "\(contract.name).\(call.name): \(error)")
                    } catch {}
                }
            }
        }
    }

    @Test func genesisBytesNeverTrap() throws {
        var writer = ShapeWriter(seed: 15)
        let good = Consortium.suiteGenesis.bcs
        for _ in 0..<fuzzRounds {
            let genesis = try ContractTestBench.genesis(
                validators: Consortium.council, application: writer.mutate(good))
            _ = try? ContractSuite.application.genesisState(genesis)
        }
    }
}
