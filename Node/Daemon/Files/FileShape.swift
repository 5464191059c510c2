internal import NodeClient
internal import OperatorFiles

/// What a person's JSON file may hold. A member that is not here is refused: it is a misspelt one, and what it was to say
/// would silently have its default.
indirect enum FileShape: Sendable {
    case text
    case number
    case whole
    case flag
    case list(FileShape)
    case object([(name: String, shape: FileShape)])
    /// A number, or the longer form.
    case numberOr(FileShape)

    private var expected: String {
        switch self {
        case .text: "a text"
        case .number: "a number"
        case .whole: "a whole number, not negative"
        case .flag: "true or false"
        case .list: "a list"
        case .object: "an object"
        case .numberOr: "a number, or an object with a 'value'"
        }
    }

    /// The first thing that does not fit, in words; nil when everything fits. A member that is `null` counts as left out.
    func problem(of value: JSONValue, at place: String = "") -> String? {
        switch (self, value) {
        case (.text, .string), (.number, .unsigned), (.number, .negative), (.number, .double), (.whole, .unsigned),
            (.flag, .bool), (.numberOr, .unsigned), (.numberOr, .negative), (.numberOr, .double):
            return nil
        case (.numberOr(let longer), .object): return longer.problem(of: value, at: place)
        case (.list(let entry), .array(let values)):
            return values.enumerated().lazy.compactMap { entry.problem(of: $1, at: "\(place)[\($0)]") }.first
        case (.object(let known), .object(let members)):
            return members.lazy.compactMap { FileShape.problem(of: $0, known, place) }.first
        default:
            let what = place.isEmpty ? "the whole" : "'\(place)'"
            return "\(what) must be \(expected), but is \(FileShape.words(value))"
        }
    }

    private static func problem(
        of member: JSONValue.Member, _ known: [(name: String, shape: FileShape)], _ place: String
    ) -> String? {
        let path = place.isEmpty ? member.name : "\(place).\(member.name)"
        guard let shape = known.first(where: { $0.name == member.name })?.shape else {
            let names = known.map(\.name)
            let hint =
                Spelling.nearest(to: member.name, in: names).map { "did you mean '\($0)'?" }
                ?? "known are \(names.joined(separator: ", "))"
            return "'\(path)' is unknown; \(hint)"
        }
        return member.value == .null ? nil : shape.problem(of: member.value, at: path)
    }

    private static func words(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): "the text \"\(text.prefix(40))\""
        case .bool(let flag): "\(flag)"
        case .unsigned(let number): "\(number)"
        case .negative(let number): "\(number)"
        case .double(let number): "\(number)"
        default: value.kind
        }
    }
}
