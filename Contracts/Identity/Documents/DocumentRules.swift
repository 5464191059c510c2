internal import Chain
internal import ContractKit
internal import Encodings
internal import LedgerCrypto
internal import Primitives

/// What a document must be like. It is public for ever and belongs to an organisation: no text for people, no personal
/// name or address, nothing that is not reached by HTTPS.
package enum DocumentRules {
    package static let urlBytesMax = 256
    /// Bytes of the canonical document.
    package static let documentBytesMax = 8_192

    /// Throws the first rule that `content` breaks.
    static func check(_ content: DocumentContent) throws(Rejection) {
        try check(content.keys)
        let fragments = content.keys.map(\.label) + content.services.map(\.label)
        for label in fragments { try require(isLabel(label), Identity.labelWrong(label)) }
        try require(Set(fragments).count == fragments.count, Identity.labelTwice())
        try require(
            Set(content.controllers).count == content.controllers.count, Identity.controllerUnknown("named twice"))
        for alias in content.aliases { try require(isOrganisationAlias(alias), Identity.aliasRefused()) }
        for service in content.services { try check(service) }
        let controls = content.keys.contains { $0.purposes.contains(.capabilityInvocation) }
        try require(controls || !content.controllers.isEmpty, Identity.nobodyControls())
    }

    private static func check(_ keys: [DocumentKey]) throws(Rejection) {
        for key in keys {
            try require(!key.purposes.isEmpty, Identity.purposeWrong(key.label))
            switch key.material {
            case .signing: try require(!key.purposes.contains(.keyAgreement), Identity.purposeWrong(key.label))
            case .agreement(let bytes):
                try require(key.purposes == .keyAgreement, Identity.purposeWrong(key.label))
                try require(!weakPoints.contains(bytes.bytes), Identity.keyWeak(key.label))
            }
        }
        try require(Set(keys.map(\.material)).count == keys.count, Identity.keyTwice())
    }

    private static func check(_ service: DocumentService) throws(Rejection) {
        let first = service.type.utf8.first ?? 0
        let isType =
            (65...90).contains(first) && service.type.utf8.allSatisfy { isAlphanumeric($0) }
        try require(isType, Identity.serviceWrong(service.label))
        try require(isHTTPS(service.endpoint), Identity.notHTTPS(service.label))
        for text in service.accept {
            let fits = !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || "/;=.-_".utf8.contains($0) }
            try require(fits, Identity.serviceWrong(service.label))
        }
        for key in service.routingKeys { try require(isDIDReference(key), Identity.serviceWrong(service.label)) }
    }

    // MARK: Texts

    static func isAlphanumeric(_ unit: UInt8) -> Bool {
        (97...122).contains(unit) || (65...90).contains(unit) || (48...57).contains(unit)
    }

    static func isLabel(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 45 || $0 == 95 }
    }

    /// `https://host[:port][/path]`: no user, query or fragment, where names and addresses of people would stand.
    package static func isHTTPS(_ text: String) -> Bool {
        guard text.utf8.count <= urlBytesMax, text.utf8.starts(with: "https://".utf8) else { return false }
        let rest = text.dropFirst("https://".count)
        let host = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(host.count)
        return isAuthority(host)
            && path.utf8.allSatisfy { isAlphanumeric($0) || "/-._~%+:=,;".utf8.contains($0) }
    }

    /// A host name or IPv4 address with a dot, and perhaps a port.
    private static func isAuthority(_ text: Substring) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2, host.utf8.contains(46) else { return false }
        if parts.count == 2 {
            guard (1...5).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }) else {
                return false
            }
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == 45 }
        }
    }

    /// The origin of an organisation's site, or its did:web: never a path, an account, a mailbox or a person's DID.
    static func isOrganisationAlias(_ text: String) -> Bool {
        if text.utf8.starts(with: "https://".utf8) {
            let rest = text.dropFirst("https://".count)
            return isAuthority(rest.hasSuffix("/") ? rest.dropLast() : rest)
        }
        guard text.utf8.starts(with: "did:web:".utf8) else { return false }
        let host = text.dropFirst("did:web:".count)
        return !host.utf8.contains(58) && isAuthority(host)
    }

    /// A DID, perhaps with a fragment.
    static func isDIDReference(_ text: String) -> Bool {
        let parts = text.split(separator: "#", omittingEmptySubsequences: false)
        guard let did = parts.first, parts.count <= 2 else { return false }
        let pieces = did.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard pieces.count == 3, JSON.same(pieces[0], "did"), !pieces[1].isEmpty, !pieces[2].isEmpty else {
            return false
        }
        let isMethod = pieces[1].utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
        let isID = pieces[2].utf8.allSatisfy { isAlphanumeric($0) || "-._:%".utf8.contains($0) }
        return isMethod && isID && parts.dropFirst().allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isFragment) }
    }

    private static func isFragment(_ unit: UInt8) -> Bool { isAlphanumeric(unit) || "-._".utf8.contains(unit) }

    /// Points of small order on Curve25519, with which every shared secret is known.
    private static let weakPoints: Set<[UInt8]> = Set(
        [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ].compactMap(Hex.decode))
}
