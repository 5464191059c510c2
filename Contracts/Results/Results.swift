internal import Chain
package import ContractKit
package import Primitives

/// Results of analyses, attested by partners that recomputed them.
///
/// A partner declares an analysis: which program computes it (by digest), into which of its data sets the outputs go, and
/// which partners must have recomputed a result before it counts. Inputs, parameters and outputs stay in the lake; the
/// chain holds their digests. Source: design of the platform, "attested computation".
///
/// Invariants (checked by `ResultsTests`):
/// - An analysis never changes; a new program is a new analysis.
/// - A question (analysis, inputs, parameters) has one answer at a time: another one counts only when it corrects the first
///   in Anchors, or the first was declared deleted. An output answers one question.
/// - Every answer carries right signatures of partners that the analysis names, as many as its policy asks for, one of
///   another partner than the owner at least.
/// - An output is anchored, by the owner of the analysis and in its data set, and not deleted when it is published.
package enum Results: Contract {
    package static let name = "results"
    package static let version: UInt32 = 1
    package static let summary = "Results of analyses over anchored data, attested by partners that recomputed them."

    /// By owner and name.
    package static let analyses = StorageMap<Pair<String, String>, Analysis>(1, "analyses")
    /// By content address of the output.
    package static let results = StorageMap<Digest, ResultRecord>(2, "results")
    /// Content address of the output by digest of the question.
    package static let answers = StorageMap<Digest, Digest>(3, "answers")

    package static var storage: [StorageDeclaration] {
        [analyses.declaration, results.declaration, answers.declaration]
    }

    package static let analysisMalformed = RejectionKind(
        100, "analysis-malformed",
        "names of analyses and data sets have \(BatchAnchor.nameRule)")
    package static let analysisExists = RejectionKind(
        101, "analysis-exists", "the partner has an analysis of this name")
    package static let analysisUnknown = RejectionKind(
        102, "analysis-unknown", "the partner has no analysis of this name")
    package static let attestersUnknown = RejectionKind(
        103, "attesters-unknown", "the policy names a partner that the network does not have, or asks for too many")
    package static let inputsMissing = RejectionKind(104, "inputs-missing", "a result has one input at least")
    package static let outputNotAnchored = RejectionKind(
        105, "output-not-anchored", "the output is no anchored batch of the analysis' data set; anchor it first")
    package static let outputDeleted = RejectionKind(106, "output-deleted", "the output was declared deleted")
    package static let alreadyPublished = RejectionKind(107, "already-published", "this output was published before")
    package static let alreadyAnswered = RejectionKind(
        108, "already-answered",
        "the same analysis, inputs and parameters have another output; a correction must supersede it")
    package static let notAttested = RejectionKind(
        109, "not-attested", "the attestations do not satisfy the policy of the analysis")
    package static let resultUnknown = RejectionKind(110, "result-unknown", "there is no published result of this kind")

    package static var rejections: [RejectionKind] {
        [
            analysisMalformed, analysisExists, analysisUnknown, attestersUnknown, inputsMissing, outputNotAnchored,
            outputDeleted, alreadyPublished, alreadyAnswered, notAttested, resultUnknown,
        ]
    }

    package static let declared = EventKind<AnalysisNotice>(1, "declared", "An analysis was declared.")
    package static let published = EventKind<ResultRecord>(2, "published", "A result was published.")

    package static var events: [EventDeclaration] { [declared.declaration, published.declaration] }

    package static let declare = Method<DeclareAnalysis, Nothing>(
        1, "declare", "Declares an analysis of the calling data provider.", declare)
    package static let publish = Method<PublishResult, Nothing>(
        2, "publish", "Publishes a result that the partners of the policy recomputed.", publish)

    package static var calls: [CallDeclaration] { [declare.declaration, publish.declaration] }

    package static let resultQuery = Query<Digest, ResultRecord>(
        1, "result", "The published result with this output."
    ) { (context, output) throws(Rejection) in
        guard let record = try results.get(output, in: context) else { throw resultUnknown() }
        return record
    }

    package static let answerQuery = Query<ResultClaim, ResultRecord>(
        2, "answer", "The published answer to the question of a claim, whatever output the claim names."
    ) { (context, claim) throws(Rejection) in
        guard let output = try answers.get(claim.question, in: context),
            let record = try results.get(output, in: context)
        else { throw resultUnknown() }
        return record
    }

    package static var queries: [CallDeclaration] { [resultQuery.declaration, answerQuery.declaration] }
}

extension Results {
    static func declare(_ context: Context, _ request: DeclareAnalysis) throws(Rejection) -> Nothing {
        let owner = try context.requirePartner(with: .dataProvider)
        let isNamed = BatchAnchor.isName(request.name) && BatchAnchor.isName(request.analysis.dataSet)
        try require(isNamed, analysisMalformed())
        let key = Pair(owner, request.name)
        try require(!analyses.contains(key, in: context), analysisExists())
        try checkPolicy(request.analysis.policy, context)
        try analyses.set(key, request.analysis, in: context)
        try context.emit(
            declared, AnalysisNotice(owner: owner, name: request.name, program: request.analysis.program))
        return Nothing()
    }

    private static func checkPolicy(_ policy: AttestationPolicy, _ context: Context) throws(Rejection) {
        for partner in policy.attesters {
            guard try context.partner(partner) != nil else { throw attestersUnknown(partner) }
        }
        let available = policy.attesters.isEmpty ? context.block.validators.count : policy.attesters.count
        try require(policy.needed(of: available) <= available, attestersUnknown("\(policy.threshold) of \(available)"))
    }

    static func publish(_ context: Context, _ request: PublishResult) throws(Rejection) -> Nothing {
        let owner = try context.requirePartner(with: .dataProvider)
        let claim = request.claim
        guard claim.owner == owner, let analysis = try analyses.get(Pair(owner, claim.analysis), in: context) else {
            throw analysisUnknown(claim.analysis)
        }
        try require(claim.program == analysis.program, analysisUnknown("it has another program"))
        try require(claim.inputCount > 0, inputsMissing())
        try require(!results.contains(claim.output, in: context), alreadyPublished())
        guard let anchor = try context.batch(claim.output), anchor.owner == owner, anchor.dataSet == analysis.dataSet
        else { throw outputNotAnchored() }
        try require(!context.isDeleted(claim.output), outputDeleted())
        if let earlier = try answers.get(claim.question, in: context), anchor.supersedes != earlier {
            try require(context.isDeleted(earlier), alreadyAnswered(earlier.short))
        }
        if let refusal = try context.check(request.attestations, of: claim.digest, under: analysis.policy) {
            throw notAttested(refusal.text)
        }
        try require(request.attestations.contains { $0.partner != owner }, notAttested("by its owner alone"))
        let record = ResultRecord(
            claim: claim, attestations: UInt16(clamping: request.attestations.count), height: context.height)
        try results.set(claim.output, record, in: context)
        try answers.set(claim.question, claim.output, in: context)
        try context.emit(published, record)
        return Nothing()
    }
}
