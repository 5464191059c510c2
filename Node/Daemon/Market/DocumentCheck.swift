internal import ArgumentParser
internal import Chain
internal import Foundation
internal import NodeClient
internal import Primitives
internal import Settlement

/// What `commonwatt verify` says about a document of the ledger.
struct DocumentCheck: Encodable {
    let isRight: Bool
    let kind: String
    let number: UInt64?
    let height: UInt64?
    let problem: String?
    let fields: [String: String]
    private let time: String

    init(_ data: Data, genesis: Genesis) {
        do {
            let document = try LedgerDocument(json: data)
            do {
                let verdict = try document.verify(genesis: genesis, now: .wallClock)
                self.init(document, height: verdict.height, time: Timestamp(verdict.time).text, problem: nil)
            } catch {
                self.init(document, height: nil, time: "", problem: "\(error)")
            }
        } catch {
            self.init(nil, height: nil, time: "", problem: "it is no whole document: \(error)")
        }
    }

    private init(_ document: LedgerDocument?, height: UInt64?, time: String, problem: String?) {
        isRight = problem == nil
        kind = document?.kind.rawValue ?? "document"
        number = document?.number
        self.height = height
        self.problem = problem
        self.time = time
        // What is not proved is not repeated.
        fields = problem == nil ? document?.fields ?? [:] : [:]
    }

    func show(_ output: OutputOptions) throws {
        try output.show(self) {
            guard isRight, let number, let height else { return "The \(kind) is WRONG: \(problem ?? "")." }
            let lines = fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
            return (lines + ["", "✓ The \(kind) \(number) is right, as of block \(height) of \(time)."])
                .joined(separator: "\n")
        }
        if !isRight { throw ExitCode(1) }
    }

    private enum CodingKeys: String, CodingKey { case isRight, kind, number, height, problem, fields }
}
