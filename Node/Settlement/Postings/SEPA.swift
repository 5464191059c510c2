internal import Foundation

/// Rules of the SEPA schemes that files must keep (EPC implementation guidelines; ISO 13616 for IBANs, ISO 9362 for BICs).
package enum SEPA {
    /// Longest name, unstructured remittance text, and reference.
    static let nameMax = 70
    static let remittanceMax = 140
    static let referenceMax = 35
    /// Greatest amount of one transaction, in cents.
    package static let centsMax: Int64 = 99_999_999_999

    /// Characters of the SEPA character set.
    static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        case "/", "-", "?", ":", "(", ")", ".", ",", "'", "+", " ": true
        default: false
        }
    }

    private static let letters: [Character: String] = [
        "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d",
        "Đ": "D",
        "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "’": "'", "–": "-", "—": "-", "&": "+", "ä": "ae",
        "ö": "oe",
        "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue",
    ]

    /// Text in the SEPA character set: letters lose their marks, what has no counterpart becomes a full stop; cut to `max`.
    static func text(_ text: String, max: Int) -> String {
        var out = ""
        for character in text.precomposedStringWithCanonicalMapping {
            if let known = letters[character] {
                out += known
                continue
            }
            let base = String(character).decomposedStringWithCanonicalMapping.unicodeScalars.first { isAllowed($0) }
            out += base.map { String(Character($0)) } ?? "."
        }
        // A text neither begins nor ends with a blank, nor is a slash at its ends.
        let trimmed = out.prefix(max).drop { $0 == " " || $0 == "/" }
        var kept = String(trimmed)
        while let last = kept.last, last == " " || last == "/" { kept.removeLast() }
        return kept.replacingOccurrences(of: "//", with: "/")
    }

    /// An identifier of 1 to 35 characters of the set without blanks, no slash at its ends, no double one.
    static func isReference(_ text: String) -> Bool {
        (1...referenceMax).contains(text.count) && text.unicodeScalars.allSatisfy { isAllowed($0) && $0 != " " }
            && !text.hasPrefix("/") && !text.hasSuffix("/") && !text.contains("//")
    }

    // MARK: Accounts

    /// Lengths of IBANs by country (ISO 13616 registry, the countries of SEPA).
    private static let lengths: [String: Int] = [
        "AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
        "ES": 24,
        "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21,
        "LT": 20,
        "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25,
        "RO": 24,
        "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
    ]

    /// A SEPA country's IBAN with right length and check digits; capital letters, no blanks.
    package static func isIBAN(_ text: String) -> Bool {
        let units = Array(text.utf8)
        guard units.count >= 15, lengths[String(text.prefix(2))] == units.count, isAlphanumeric(units),
            units[2...3].allSatisfy({ (48...57).contains($0) })
        else { return false }
        return remainder(units[4...] + units[..<4]) == 1
    }

    private static func isAlphanumeric(_ units: [UInt8]) -> Bool {
        units.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
    }

    /// Remainder by 97 of the number that the characters stand for, A = 10.
    private static func remainder(_ units: some Sequence<UInt8>) -> Int {
        var rest = 0
        for unit in units {
            let value = Int(unit) - ((48...57).contains(unit) ? 48 : 55)
            rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
        }
        return rest
    }

    /// Four letters for the bank, two for the country, two or five for the place.
    package static func isBIC(_ text: String) -> Bool {
        text.wholeMatch(of: /[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?/) != nil
    }

    /// A creditor identifier: country, check digits over all but the three characters of the business code.
    package static func isCreditor(_ text: String) -> Bool {
        let units = Array(text.utf8)
        guard (8...35).contains(units.count), isAlphanumeric(units), lengths[String(text.prefix(2))] != nil,
            units[2...3].allSatisfy({ (48...57).contains($0) })
        else { return false }
        return remainder(units[7...] + units[..<4]) == 1
    }

    static func problem(of account: BankAccounts.Account) -> String? {
        if !isIBAN(account.iban) {
            return
                "'\(account.iban.prefix(40))' is no IBAN of a SEPA country: its country, length or check digits are wrong"
        }
        if let bic = account.bic, !isBIC(bic) { return "'\(bic.prefix(16))' is no BIC" }
        if text(account.name, max: nameMax).isEmpty { return "the account has no name" }
        return nil
    }

    /// A calendar day `yyyy-MM-dd`, as days since 1970.
    static func day(_ text: String) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = Int64(parts[0]),
            let month = Int64(parts[1]), let day = Int64(parts[2])
        else { return nil }
        return CalendarDay.number(year: year, month: month, day: day)
    }
}
