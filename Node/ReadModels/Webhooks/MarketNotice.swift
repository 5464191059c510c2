internal import Accounts
internal import Agreements
internal import Anchors
internal import Billing
internal import Chain
internal import ContractKit
package import NodeClient
package import Primitives

/// One event of a marketplace contract, as webhooks tell it.
package struct MarketNotice: Hashable, Sendable {
    /// `height-number`: the same whenever it is told again, so that a receiver can drop repeats.
    package let id: String
    /// `contract.event`, e.g. `agreements.agreementChanged`.
    package let type: String
    package let height: Height
    package let time: Timestamp
    package let payload: [UInt8]
    package let data: JSONValue

    package var json: JSONValue {
        .object([
            .init("id", .string(id)), .init("type", .string(type)), .init("height", .unsigned(height.value)),
            .init("time", .unsigned(time.value)), .init("data", data),
        ])
    }

    /// Whether its record names an account, data set or other digest.
    package func names(_ digest: Digest) -> Bool { payload.holds(digest) }

    private static let contracts: [(instance: Address, name: String, events: [EventDeclaration])] = [
        (WellKnown.accounts, Accounts.name, Accounts.events),
        (WellKnown.agreements, Agreements.name, Agreements.events),
        (WellKnown.billing, Billing.name, Billing.events), (WellKnown.anchors, Anchors.name, Anchors.events),
    ]

    /// All types that there are.
    package static let types: [String] = contracts.flatMap { contract in
        contract.events.map { "\(contract.name).\($0.name)" }
    }

    /// The notices of a block, in order; `number` of an id counts all events of the block from 1.
    package static func notices(of block: ExecutedBlock) -> [MarketNotice] {
        var number = 0
        var notices: [MarketNotice] = []
        for receipt in block.receipts {
            for event in receipt.events {
                number += 1
                guard let contract = contracts.first(where: { $0.instance == event.instance }),
                    let declared = contract.events.first(where: { $0.number == event.kind })
                else { continue }
                let data = (try? RecordJSON.json(event.payload, declared.payload)) ?? .string(Hex.encode(event.payload))
                notices.append(
                    MarketNotice(
                        id: "\(block.header.height)-\(number)", type: "\(contract.name).\(declared.name)",
                        height: block.header.height, time: block.header.time, payload: event.payload, data: data))
            }
        }
        return notices
    }
}
