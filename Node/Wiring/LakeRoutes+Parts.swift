internal import Chain
internal import DataLake
internal import NodeClient
internal import NodeRuntime
internal import Primitives
internal import RPC
internal import ReadModels
internal import Replica

extension LakeRoutes {
    /// Follows the tombstones at once, and reports what this node ever erased.
    func eraseParts() throws -> APIAnswer {
        let erased = try wiring.data.upkeep.sweep()
        let report = try wiring.lake.parts.erasures(from: Timestamp(0), to: Timestamp(.max))
        return .json(
            .object([
                .init("erasedNow", .unsigned(UInt64(erased.count))),
                .init(
                    "erasures",
                    .array(
                        report.map { entry in
                            .object([
                                .init("part", .string(entry.digest.description)), .init("owner", .string(entry.owner)),
                                .init("dataSet", .string(entry.dataSet)), .init("bytes", .unsigned(entry.byteCount)),
                                .init("rows", .unsigned(entry.rows)),
                                .init("reason", .unsigned(UInt64(entry.reason ?? 0))),
                                .init("stored", .string(entry.stored.text)),
                                .init("erased", .string(entry.erased?.text ?? "")),
                            ])
                        })),
            ]))
    }
}

extension LakeRoutes {
    /// Changes the webhooks as told; the list as it is then, without the secrets.
    func webhooks(_ message: WebhookMessage) throws -> APIAnswer {
        let store = wiring.data.webhooks
        switch message {
        case .list: break
        case .add(let url, let secret, let types, let subject):
            if let problem = Webhook.problem(url: url, secret: secret, types: types) {
                throw LakeRefusal(.malformed, problem)
            }
            try store.add(
                url: url, secret: secret, types: types, subject: subject, from: wiring.node.view.tip.height.next)
        case .remove(let number):
            guard try store.remove(Int64(clamping: number)) else {
                throw LakeRefusal(.unknown, "there is no webhook \(number)")
            }
        case .resume(let number):
            guard try store.resume(Int64(clamping: number)) else {
                throw LakeRefusal(.unknown, "there is no webhook \(number)")
            }
        }
        return .json(
            .object([
                .init(
                    "webhooks",
                    .array(
                        try store.all().map { webhook in
                            .object([
                                .init("number", .unsigned(UInt64(clamping: webhook.number))),
                                .init("url", .string(webhook.url)),
                                .init("types", .array(webhook.types.map { .string($0) })),
                                .init("subject", webhook.subject.map { .string($0.description) } ?? .null),
                                .init("state", .string("\(webhook.state)")),
                                .init("height", .unsigned(webhook.height.value)),
                                .init("attempts", .unsigned(UInt64(clamping: webhook.attempts))),
                                .init("trouble", webhook.trouble.map { .string($0) } ?? .null),
                            ])
                        }))
            ]))
    }
}
