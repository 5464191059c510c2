package import LightClient
package import Primitives

/// Why a client's call failed, in words for the person who made it.
package enum ClientError: Error, Sendable, CustomStringConvertible {
    /// No node gave an answer; per node what happened.
    case noNodeAnswered([NodeFailure])
    /// A node answered with a problem that another node would answer with, too.
    case problem(ProblemReport)
    /// A node's answer is not what it should be; it may be faulty or dishonest.
    case badAnswer(node: String, String)
    /// The proof that a node gave does not hold.
    case proofRefused(node: String, ProofBundleError)
    /// A node of another network than the one that this client trusts. Nothing that is signed here would hold there.
    case otherNetwork(node: String, found: Digest, name: String, trusted: Digest)
    /// The transaction was not final in time; it may become so later.
    case notFinal(Digest, seconds: UInt32)
    case badAddress(String)
    /// What is for the own node alone would cross a network in the open.
    case openConnection(String)

    package struct NodeFailure: Hashable, Sendable {
        package let node: String
        package let reason: String
    }

    package var description: String { words.shown }

    private var words: String {
        switch self {
        case .noNodeAnswered(let failures):
            "no node answered: " + failures.map { "\($0.node): \($0.reason)" }.joined(separator: "; ")
        case .problem(let report):
            "\(report.node): \(report.detail)\(report.code.map { " (rejection \($0))" } ?? "") "
                + "(\(report.status) \(report.title))"
        case .badAnswer(let node, let what): "\(node) answered something else than asked: \(what)"
        case .proofRefused(let node, let why): "\(node) gave a proof that does not hold: \(why)"
        case .otherNetwork(let node, let found, let name, let trusted):
            "\(node) is a node of another network (\(name), \(found)) than the trusted one (\(trusted)): name a node of that network, or the genesis file of this one"
        case .notFinal(let digest, let seconds):
            "transaction \(digest) is not final after \(seconds) s; it can still become so until it expires, so ask for its status before anything is sent again"
        case .openConnection(let node):
            "what is sent to the own node carries secrets, and \(node) is neither https nor on this machine: name the own node first, over https or through a tunnel"
        case .badAddress(let text): "\(text) is not the address of a node: write http://host:port or https://host"
        }
    }
}

/// An RFC 9457 problem as a node gave it; its texts can be shown.
package struct ProblemReport: Hashable, Sendable {
    package let node: String
    package let type: String
    package let title: String
    package let status: Int
    package let detail: String
    /// Number of a contract's or the host's rejection.
    package let code: UInt16?
    /// Short name of why, where the kind of problem has several whys.
    package let reason: String?
    package let retryAfterSeconds: UInt32?

    /// Reads the body of an error answer; one without a problem document is described by its status.
    init(node: String, status: Int, retryAfter: String?, body: [UInt8]) {
        let json = (try? JSONValue(parsing: body)) ?? .null
        self.node = node
        self.status = status
        type = json["type"]?.text?.shown ?? "about:blank"
        title = json["title"]?.text?.shown ?? "HTTP \(status)"
        detail = json["detail"]?.text?.shown ?? "the node answered with status \(status) and no explanation"
        code = if case .unsigned(let number)? = json["code"] { UInt16(exactly: number) } else { nil }
        reason = json["reason"]?.text?.shown
        retryAfterSeconds = retryAfter.flatMap { UInt32($0) }
    }

    /// Another node may do better: this one is behind, full, stopping or broken.
    var isWorthAnotherNode: Bool { status >= 500 || status == 429 || status == 410 }
}

extension ClientError {
    /// A node answered, and what it said is of no use: as opposed to none that answers.
    var isOfAnAnswer: Bool {
        switch self {
        case .problem, .badAnswer, .proofRefused: true
        default: false
        }
    }
}
