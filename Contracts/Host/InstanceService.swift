package import Chain
package import ContractKit
package import Primitives

/// Creates instances for transactions: the host's own contract, at `WellKnown.instances`.
package enum InstanceService: Contract {
    package static let name = "instances"
    package static let version: UInt32 = 1
    package static let summary = "Creates instances of contracts that allow it."

    package static let created = EventKind<InstanceNotice>(1, "created", "An instance was created.")
    package static let ended = EventKind<InstanceNotice>(2, "ended", "An instance ended or was superseded.")

    package static let create = Method<CreateInstance, Address>(
        1, "create", "Creates an instance of the active version of a contract and runs its initialize call."
    ) { (context, request) throws(Rejection) in
        try context.services.create(
            from: context, contract: request.contract, arguments: request.arguments, superseding: false)
    }

    package static var calls: [CallDeclaration] { [create.declaration] }
    package static var events: [EventDeclaration] { [created.declaration, ended.declaration] }
    package static var rejections: [RejectionKind] { [] }
}

package struct CreateInstance: ContractValue, Hashable {
    package static let argumentBytesMax = 60 * 1024

    package let contract: String
    /// BCS arguments of the contract's `initialize`.
    package let arguments: [UInt8]

    package init(contract: String, arguments: some ContractValue) {
        self.contract = contract
        self.arguments = arguments.bcs
    }

    package static let shape = Shape.fields(
        "CreateInstance", ("contract", .text(max: ContractDefinition.nameBytesMax)),
        ("arguments", .bytes(max: argumentBytesMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(contract)
        encoder.blob(arguments)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        contract = try decoder.string(max: ContractDefinition.nameBytesMax)
        arguments = try decoder.blob(max: CreateInstance.argumentBytesMax)
    }
}

package struct InstanceNotice: ContractValue, Hashable {
    package let instance: Address
    package let contract: String
    package let version: UInt32
    package let supersedes: Address?

    init(instance: Address, contract: String, version: UInt32, supersedes: Address?) {
        self.instance = instance
        self.contract = contract
        self.version = version
        self.supersedes = supersedes
    }

    package static let shape = Shape.fields(
        "InstanceNotice", ("instance", .address), ("contract", .text(max: ContractDefinition.nameBytesMax)),
        ("version", .u32), ("supersedes", .option(.address)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(instance)
        encoder.string(contract)
        encoder.u32(version)
        encoder.option(supersedes)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        instance = try Address(from: &decoder)
        contract = try decoder.string(max: ContractDefinition.nameBytesMax)
        version = try decoder.u32()
        supersedes = try decoder.option()
    }
}
