internal import DataLake
internal import Foundation
internal import RPC
internal import Settlement

extension SettlerWiring {
    /// What the settler does and waits for by community, where the time goes, and what the attester said.
    func metrics() async -> [MetricFamily] {
        SettlementMetrics.families(
            await settler.report(isRunning: settings.isOn), wiring.counters.page,
            now: UInt64(Date().timeIntervalSince1970 * 1_000))
    }
}

enum SettlementMetrics {
    /// `now` in milliseconds since 1970.
    static func families(_ report: SettlerReport, _ page: SettlementCounters.Page, now: UInt64) -> [MetricFamily] {
        settler(report, now: now) + computing(page) + attester(page)
    }

    private static func settler(_ report: SettlerReport, now: UInt64) -> [MetricFamily] {
        func samples(
            _ values: (SettlerReport.Community) -> [(label: (String, String)?, value: Int)]
        ) -> [MetricSample] {
            report.communities.flatMap { community in
                values(community).map { label, value in
                    MetricSample(
                        Double(value),
                        [MetricLabel("community", community.community)]
                            + (label.map { [MetricLabel($0.0, $0.1)] } ?? []))
                }
            }
        }
        return [
            MetricFamily(
                "commonwatt_settler_periods_total",
                "What became of periods in the settler's hands since the start; failed ones are tried again.",
                .counter(
                    samples {
                        [
                            (("outcome", "settled"), $0.settled), (("outcome", "corrected"), $0.corrected),
                            (("outcome", "overtaken"), $0.overtaken), (("outcome", "failed"), $0.failed),
                        ]
                    })),
            MetricFamily(
                "commonwatt_settler_periods_waiting", "Periods that are over and not settled, or provisional.",
                .gauge(samples { [(("stage", "open"), $0.unsettled), (("stage", "provisional"), $0.provisional)] })),
            MetricFamily(
                "commonwatt_settler_periods_troubled", "Periods whose last attempt failed.",
                .gauge(samples { [(nil, $0.troubles.count)] })),
            MetricFamily(
                "commonwatt_settler_oldest_unsettled_seconds",
                "Time since the end of the oldest period that is not final; 0 when all are.",
                .gauge(samples { [(nil, Int(clamping: $0.oldestUnsettledSeconds(at: now)))] })),
        ]
    }

    private static func computing(_ page: SettlementCounters.Page) -> [MetricFamily] {
        let phases = page.seconds.sorted { ($0.key.role.rawValue, $0.key.name) < ($1.key.role.rawValue, $1.key.name) }
        return [
            MetricFamily(
                "commonwatt_settlement_computed_total", "Periods computed, as settler and for other partners.",
                .counter(
                    SettlementCounters.Role.allCases.map {
                        MetricSample(Double(page.computed[$0] ?? 0), [MetricLabel("role", $0.rawValue)])
                    })),
            MetricFamily(
                "commonwatt_settlement_phase_seconds_total", "Time of the phases of these computations.",
                .counter(
                    phases.map {
                        MetricSample(
                            $0.value, [MetricLabel("role", $0.key.role.rawValue), MetricLabel("phase", $0.key.name)])
                    })),
        ]
    }

    private static func attester(_ page: SettlementCounters.Page) -> [MetricFamily] {
        [
            MetricFamily(
                "commonwatt_attestations_given_total", "Settlements that this node attested.",
                .counter([MetricSample(Double(page.given))])),
            MetricFamily(
                "commonwatt_attestations_refused_total",
                "Settlements that it did not attest; otherResult and otherInputs mean that partners disagree.",
                .counter(
                    LakeRefusal.Reason.allCases.compactMap { reason in
                        page.refused[reason].map {
                            MetricSample(Double($0), [MetricLabel("reason", "\(reason)")])
                        }
                    })),
        ]
    }
}
