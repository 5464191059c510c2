package import Chain
internal import Encodings
internal import Identity
internal import LedgerCrypto
package import LightClient
internal import NodeClient
package import Primitives

/// What a verified answer says.
package struct VerifiedResolution: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Canonical JSON of the document or object.
        case content([UInt8])
        case deactivated
        /// There is no such object, or no such version of it.
        case absent
    }

    package let outcome: Outcome
    /// 0 when absent.
    package let version: UInt32
    /// Newest version of the object; 0 when absent.
    package let latest: UInt32
    package let isDeactivated: Bool
    /// The final header that the proof leads to: its time says how fresh the answer is.
    package let header: BlockHeader
    /// What to trust from now on.
    package let anchor: TrustAnchor
}

/// Checks the answer of any node by docs/formats/did-resolution-proof.md. Trusts nothing but the anchor.
package struct ResolutionVerifier: Sendable {
    /// Longest answer that is read. Far above a document's bound: a proof carries the ends of all epochs since the genesis.
    package static let answerBytesMax = 32 << 20

    package let networkName: String
    package let anchor: TrustAnchor
    package var ageMillisecondsMax: UInt64
    package var minimumHeight: Height

    package init(
        networkName: String, anchor: TrustAnchor, ageMillisecondsMax: UInt64 = 60_000, minimumHeight: Height = Height(0)
    ) {
        self.networkName = networkName
        self.anchor = anchor
        self.ageMillisecondsMax = ageMillisecondsMax
        self.minimumHeight = minimumHeight
    }

    /// `target`: the DID, or DID URL of an object, that was asked for; without service and fragment.
    package func verify(
        _ body: [UInt8], for target: String, selection: VersionSelection = .latest, now: Timestamp
    ) throws(ResolutionRefusal) -> VerifiedResolution {
        let url: DIDURL
        let answer: Answer
        do throws(DIDURL.Mistake) { url = try DIDURL(target) } catch { throw .malformed("\(target) is no DID URL") }
        guard let did = DID(url.did) else { throw .malformed("\(url.did) is no DID of this method") }
        guard JSON.same(did.network, networkName) else { throw .otherNetwork(did.network) }
        answer = try Answer(body)
        let proved = try bundle(answer.proof, now)
        let records = Records(url: url.did + url.path, proved: proved)
        if answer.error != nil { return try absence(answer, selection, records) }
        return try presence(answer, did, selection, records)
    }

    private func bundle(_ json: JSON?, _ now: Timestamp) throws(ResolutionRefusal) -> VerifiedProofBundle {
        guard let json else { throw .proofMissing }
        guard let text = json.canonical(), let bundle = try? JSONCoder<ProofBundle>.proofBundle.value(parsing: text)
        else { throw .malformed("the proof is no proof bundle") }
        let proved: VerifiedProofBundle
        do throws(ProofBundleError) {
            proved = try bundle.verify(from: anchor, now: now, ageMillisecondsMax: ageMillisecondsMax)
        } catch {
            throw .proofRefused(error)
        }
        guard proved.header.height >= minimumHeight else {
            throw .belowMinimum(proved.header.height, wanted: minimumHeight)
        }
        return proved
    }

    // MARK: Not found

    private func absence(
        _ answer: Answer, _ selection: VersionSelection, _ records: Records
    ) throws(ResolutionRefusal) -> VerifiedResolution {
        guard let head = try records.head() else { return records.resolution(.absent) }
        switch selection {
        case .latest: throw .falselyAbsent
        case .number(let number): guard number == 0 || number > head.latest else { throw .falselyAbsent }
        case .time(let time), .numberAt(_, let time):
            guard try records.version(1).time > time else { throw .falselyAbsent }
        }
        return records.resolution(.absent, latest: head.latest, isDeactivated: head.isDeactivated)
    }

    // MARK: Found

    private func presence(
        _ answer: Answer, _ did: DID, _ selection: VersionSelection, _ records: Records
    ) throws(ResolutionRefusal) -> VerifiedResolution {
        guard let head = try records.head() else { throw .invented }
        guard let number = answer.metadata["versionId"]?.text.flatMap({ UInt32($0) }), number >= 1,
            number <= head.latest
        else { throw .metadataWrong("versionId") }
        if answer.isDeactivated != head.isDeactivated {
            throw head.isDeactivated ? .deactivationHidden : .falselyDeactivated
        }
        try check(number, head, selection, records)
        try checkTimes(answer, number, head, records)
        let version = try records.version(number)
        guard version.ending == 0 else {
            guard answer.content == nil else { throw .deactivationHidden }
            return records.resolution(.deactivated, number, latest: head.latest, isDeactivated: true)
        }
        guard let content = answer.content?.canonical() else { throw .documentChanged }
        guard SHA256.hash(content) == version.content, content.count == Int(version.byteCount) else {
            throw .documentChanged
        }
        if head.kind == .document, number == 1 { try certify(content, did, version) }
        return records.resolution(
            .content(content), number, latest: head.latest, isDeactivated: head.isDeactivated)
    }

    private func check(
        _ number: UInt32, _ head: ObjectHead, _ selection: VersionSelection, _ records: Records
    ) throws(ResolutionRefusal) {
        switch selection {
        case .latest:
            guard number == head.latest else {
                throw head.isDeactivated ? .deactivationHidden : .oldVersion(given: number, latest: head.latest)
            }
        case .number(let wanted): guard number == wanted else { throw .otherVersion(given: number) }
        case .time(let time), .numberAt(_, let time):
            if case .numberAt(let wanted, _) = selection, number != wanted { throw .otherVersion(given: number) }
            guard try records.version(number).time <= time else { throw .otherVersion(given: number) }
            if number < head.latest, try records.version(number + 1).time <= time {
                throw .otherVersion(given: number)
            }
        }
    }

    private func checkTimes(
        _ answer: Answer, _ number: UInt32, _ head: ObjectHead, _ records: Records
    ) throws(ResolutionRefusal) {
        func check(_ name: String, _ wanted: String?) throws(ResolutionRefusal) {
            switch (answer.metadata[name], wanted) {
            case (nil, nil): return
            case (let given?, let wanted?) where given.isText(wanted): return
            default: throw .metadataWrong(name)
            }
        }
        try check("created", DateTime.text(try records.version(1).time))
        try check("updated", number > 1 ? DateTime.text(try records.version(number).time) : nil)
        let next = number < head.latest ? try records.version(number + 1) : nil
        try check("nextUpdate", next.map { DateTime.text($0.time) })
        try check("nextVersionId", next.map { _ in String(number + 1) })
    }

    /// The identifier is the digest of the create operation, which is the first document with an empty id in it.
    private func certify(_ content: [UInt8], _ did: DID, _ version: ObjectVersion) throws(ResolutionRefusal) {
        let text = String(decoding: content, as: UTF8.self)
        let document = text.replacing(did.description, with: DID.prefix(did.network))
        let next = version.nextKey.map { ",\"nextKey\":\"\(Multihash.text($0))\"" } ?? ""
        let operation = "{\"document\":\(document)\(next),\"operation\":\"create\"}"
        guard SHA256.hash(Array(operation.utf8)) == did.digest else { throw .notSelfCertified }
    }
}

/// The records of one object, as a verified bundle has them.
private struct Records {
    let url: String
    let proved: VerifiedProofBundle

    /// Nil: proved absent.
    func head() throws(ResolutionRefusal) -> ObjectHead? {
        guard let entry = proved.entry(RegistryKeys.head(url)) else { throw .recordMissing("object") }
        guard let value = entry.value else { return nil }
        guard let head = try? ObjectHead(bcs: value) else { throw .malformed("the object's record") }
        return head
    }

    func version(_ number: UInt32) throws(ResolutionRefusal) -> ObjectVersion {
        guard let value = proved.entry(RegistryKeys.version(url, number))?.value else {
            throw .recordMissing("version \(number)")
        }
        guard let version = try? ObjectVersion(bcs: value) else { throw .malformed("a version's record") }
        return version
    }

    func resolution(
        _ outcome: VerifiedResolution.Outcome, _ version: UInt32 = 0, latest: UInt32 = 0, isDeactivated: Bool = false
    ) -> VerifiedResolution {
        VerifiedResolution(
            outcome: outcome, version: version, latest: latest, isDeactivated: isDeactivated, header: proved.header,
            anchor: proved.anchor)
    }
}

/// An answer's parts, whether it resolves or dereferences.
private struct Answer {
    /// Nil for null.
    let content: JSON?
    let metadata: JSON
    let error: JSON?
    let proof: JSON?
    let isDeactivated: Bool

    init(_ body: [UInt8]) throws(ResolutionRefusal) {
        let json: JSON
        do throws(JSONRefusal) {
            json = try JSON(parsing: body, byteCountMax: ResolutionVerifier.answerBytesMax)
        } catch {
            throw .malformed("\(error)")
        }
        let process = json["didResolutionMetadata"] ?? json["dereferencingMetadata"]
        guard let process, let metadata = json["didDocumentMetadata"] ?? json["contentMetadata"] else {
            throw .malformed("metadata is missing")
        }
        self.metadata = metadata
        let given = json["didDocument"] ?? json["content"]
        if case .null? = given { content = nil } else { content = given }
        error = process["error"]
        proof = error == nil ? metadata["proof"] : process["proof"]
        if case .bool(true)? = metadata["deactivated"] { isDeactivated = true } else { isDeactivated = false }
        guard let error else { return }
        let type = error["type"]?.text ?? ""
        guard JSON.same(type, ResolutionProblem.Kind.notFound.type) else {
            throw .failed(type: type, detail: error["detail"]?.text ?? "")
        }
    }
}
