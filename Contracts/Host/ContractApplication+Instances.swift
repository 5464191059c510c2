package import Chain
package import ContractKit

extension ContractApplication {
    /// The contract version that an instance runs in this state; nil when there is no such instance.
    package func contract(
        of instance: Address, context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> ContractDefinition? {
        let execution = Execution(release: release, block: context, state: state, isReadOnly: true)
        execution.meter = WorkMeter(limit: ContractApplication.queryWorkMax)
        let found = try? execution.resolve(instance).contract
        if let failure = execution.failure { throw failure }
        return found
    }
}
