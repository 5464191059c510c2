import Resolver
import Testing

@testable import NodeClient

/// A node's words do nothing to the terminal that they are shown on.
@Suite struct ShownTextTests {
    @Test func controlCharactersAreReplaced() {
        #expect("\u{1b}[2J\u{9b}1m\u{7f}\r\n\u{0}x".shown == "\u{fffd}[2J\u{fffd}1m\u{fffd}\u{fffd}\u{fffd}\u{fffd}x")
        let moved = "a\u{2028}b\u{2029}c\u{202e}d\u{2066}e\u{2069}"
        #expect(moved.shown == "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}")
        for text in ["", "~ ¡ é 漢字 👩‍🔬", "\u{2027}\u{202f}\u{2065}\u{206a}\u{a0}"] { #expect(text.shown == text) }
    }

    @Test func problemsAndRefusalsAreShownSo() {
        let body = #"{"title":"\u001b[1mbold","detail":"\u009b2Jgone\u202e","reason":"\u0007","type":"\u007f"}"#
        let report = ProblemReport(node: "http://n", status: 422, retryAfter: nil, body: Array(body.utf8))
        #expect(report.title == "\u{fffd}[1mbold" && report.detail == "\u{fffd}2Jgone\u{fffd}")
        #expect(report.reason == "\u{fffd}" && report.type == "\u{fffd}")
        let bad = ClientError.badAnswer(node: "http://n", "\u{1b}c: unknown member")
        #expect("\(bad)" == "http://n answered something else than asked: \u{fffd}c: unknown member")
        let failure = ClientError.NodeFailure(node: "http://n", reason: "\u{1b}c")
        #expect("\(ClientError.noNodeAnswered([failure]))" == "no node answered: http://n: \u{fffd}c")
        let refusal = ResolutionRefusal.failed(type: "\u{1b}]0;", detail: "\u{85}")
        #expect("\(refusal)" == "the node did not resolve it: \u{fffd} (\u{fffd}]0;)")
    }
}
