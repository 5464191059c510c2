internal import DataLake
internal import NodeClient
internal import Primitives
internal import RPC

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
