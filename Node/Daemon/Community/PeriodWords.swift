internal import NodeClient
internal import OperatorFiles
internal import Trading

/// Contracts and nodes name periods by their numbers, which mean nothing to people.
enum PeriodWords {
    /// The text with the time at which each period that it names begins, instead of its number.
    static func told(_ text: String, _ resolution: Resolution) -> String {
        text.replacing(/\bperiod (\d{4,12})\b/) { match in
            let number = UInt64(match.output.1) ?? 0
            return "the period from \(resolution.text(PeriodNumber(number)))"
        }
    }

    /// Runs what a node or contract may refuse; what they say of periods is told in times.
    @discardableResult
    static func telling<Result>(_ resolution: Resolution, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as ClientError {
            throw UserError(told("\(error)", resolution))
        } catch let error as ChainRefusal {
            throw UserError(told("\(error)", resolution))
        }
    }

    /// What troubles of several periods have in common: the reason without the period.
    static func cause(_ reason: String) -> String { reason.replacing(/\bperiod \d+\b/, with: "the period") }
}
