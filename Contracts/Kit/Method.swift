package import Chain
package import Primitives

/// A call of a contract: number, name, typed arguments and result, and what it does.
///
///     static let put = Method<Put, Nothing>(1, "put", "Stores a value under a key of the caller.") {
///         (context, put) throws(Rejection) in
///         let owner = try context.requirePartner()
///         try entries.set(Pair(owner, put.key), put.value, in: context)
///         try context.emit(stored, put)
///         return Nothing()
///     }
///
/// A client makes the transaction's call with `put.call(on: instance, Put(…))`.
package struct Method<Arguments: ContractValue, Output: ContractValue>: Sendable {
    package typealias Body = @Sendable (Context, Arguments) throws(Rejection) -> Output

    /// Unique in the contract; 0 is `initialize`, which runs only when an instance is created.
    package let number: UInt16
    package let name: String
    package let summary: String
    package let body: Body

    package init(_ number: UInt16, _ name: String, _ summary: String, _ body: @escaping Body) {
        self.number = number
        self.name = name
        self.summary = summary
        self.body = body
    }

    /// The call for a transaction.
    package func call(on instance: Address, _ arguments: Arguments) -> Call {
        Call(instance: instance, method: number, arguments: arguments.bcs)
    }

    package func output(_ bytes: [UInt8]) throws(BCSError) -> Output { try Output(bcs: bytes) }

    /// What another contract needs to call this.
    package var message: Message<Arguments, Output> { Message(number, name) }

    package var declaration: CallDeclaration {
        let body = body
        return CallDeclaration(
            number: number, name: name, summary: summary, arguments: Arguments.shape, output: Output.shape
        ) { (context, bytes) throws(Rejection) in
            try body(context, decodeArguments(bytes)).bcs
        }
    }
}

/// A method as another contract knows it. Contracts do not import each other: shared messages live in the Kit.
package struct Message<Arguments: ContractValue, Output: ContractValue>: Sendable {
    package let number: UInt16
    package let name: String

    package init(_ number: UInt16, _ name: String) {
        self.number = number
        self.name = name
    }
}

/// A read-only question. Runs over any state, on any node; its answer is as trustworthy as the node, so clients that
/// want proof ask for the record's state key instead (`StorageMap.stateKey`).
package struct Query<Arguments: ContractValue, Answer: ContractValue>: Sendable {
    package typealias Body = @Sendable (Context, Arguments) throws(Rejection) -> Answer

    package let number: UInt16
    package let name: String
    package let summary: String
    package let body: Body

    package init(_ number: UInt16, _ name: String, _ summary: String, _ body: @escaping Body) {
        self.number = number
        self.name = name
        self.summary = summary
        self.body = body
    }

    package var declaration: CallDeclaration {
        Method<Arguments, Answer>(number, name, summary, body).declaration
    }
}

/// An event that a contract declares: `try context.emit(stored, payload)`.
package struct EventKind<Payload: ContractValue>: Sendable {
    package let number: UInt16
    package let name: String
    package let summary: String

    package init(_ number: UInt16, _ name: String, _ summary: String) {
        self.number = number
        self.name = name
        self.summary = summary
    }

    package func payload(of event: Event) throws(BCSError) -> Payload { try Payload(bcs: event.payload) }

    package var declaration: EventDeclaration {
        EventDeclaration(number: number, name: name, summary: summary, payload: Payload.shape)
    }
}

/// A call or query without its types: what the host dispatches and the interface JSON lists.
package struct CallDeclaration: Sendable {
    package let number: UInt16
    package let name: String
    package let summary: String
    package let arguments: Shape
    package let output: Shape
    /// Decodes the arguments, runs the body, encodes its result.
    package let run: @Sendable (Context, [UInt8]) throws(Rejection) -> [UInt8]
}

package struct EventDeclaration: Sendable, Hashable {
    package let number: UInt16
    package let name: String
    package let summary: String
    package let payload: Shape
}

private func decodeArguments<Arguments: BCSDecodable>(_ bytes: [UInt8]) throws(Rejection) -> Arguments {
    do { return try Arguments(bcs: bytes) } catch { throw HostRejection.malformedArguments(error.description) }
}
