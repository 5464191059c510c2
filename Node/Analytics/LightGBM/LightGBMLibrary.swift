internal import CLightGBM
internal import Foundation
internal import Glibc
internal import LedgerCrypto
package import Primitives
internal import Synchronization

/// Why a model could not be trained or asked.
package struct LightGBMError: Error, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// LightGBM's C library, opened at run time. Source: LightGBM 4, `include/LightGBM/c_api.h`.
package final class LightGBMLibrary: @unchecked Sendable {
    // Function pointers that are set once; the library itself keeps no state between calls but the last error, by thread.

    /// Names the library's file when it is not at the usual place.
    package static let environmentVariable = "COMMONWATT_LIGHTGBM"

    let lastErrorText: cw_lgbm_last_error
    let makeDataset: cw_lgbm_dataset_from_matrix
    let setField: cw_lgbm_dataset_set_field
    let freeDataset: cw_lgbm_free
    let makeBooster: cw_lgbm_booster_create
    let update: cw_lgbm_booster_update
    let predict: cw_lgbm_booster_predict
    let freeBooster: cw_lgbm_free

    /// SHA-256 of the library's file: two nodes compute the same only with the same library.
    package let digest: Digest
    package let path: String

    /// Opens the library at `path`. It stays open until the process ends.
    package init(path: String) throws(LightGBMError) {
        digest = try LightGBMLibrary.digest(of: path)
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            let why = dlerror().map { String(cString: $0) } ?? "no reason given"
            throw LightGBMError("\(path) cannot be opened as a library: \(why)")
        }
        func symbol<Function>(_ name: String, as type: Function.Type) throws(LightGBMError) -> Function {
            guard let address = dlsym(handle, name) else {
                throw LightGBMError("\(path) has no \(name): it is not LightGBM 4's library")
            }
            return unsafeBitCast(address, to: type)
        }
        lastErrorText = try symbol("LGBM_GetLastError", as: cw_lgbm_last_error.self)
        makeDataset = try symbol("LGBM_DatasetCreateFromMat", as: cw_lgbm_dataset_from_matrix.self)
        setField = try symbol("LGBM_DatasetSetField", as: cw_lgbm_dataset_set_field.self)
        freeDataset = try symbol("LGBM_DatasetFree", as: cw_lgbm_free.self)
        makeBooster = try symbol("LGBM_BoosterCreate", as: cw_lgbm_booster_create.self)
        update = try symbol("LGBM_BoosterUpdateOneIter", as: cw_lgbm_booster_update.self)
        predict = try symbol("LGBM_BoosterPredictForMat", as: cw_lgbm_booster_predict.self)
        freeBooster = try symbol("LGBM_BoosterFree", as: cw_lgbm_free.self)
        self.path = path
    }

    func check(_ status: Int32, _ what: String) throws(LightGBMError) {
        guard status != 0 else { return }
        let why = lastErrorText().map { String(cString: $0) } ?? "no reason given"
        throw LightGBMError("\(what): \(why)")
    }
}

extension LightGBMLibrary {
    /// What tells one state of a file from another without reading it.
    private struct FileIdentity: Equatable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode, size) = (UInt64(status.st_dev), UInt64(status.st_ino), Int64(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    /// Digests of the files that were read last; a process has one library as a rule.
    private static let known = Mutex<[(path: String, identity: FileIdentity, digest: Digest)]>([])
    private static let knownMax = 4

    /// SHA-256 of the library's file, which is not opened as a library. The file is read once, and again when its size,
    /// time of change or inode is another.
    package static func digest(of path: String) throws(LightGBMError) -> Digest {
        let identity = FileIdentity(path)
        if let identity,
            let found = known.withLock({ $0.first { $0.path == path && $0.identity == identity } })
        {
            return found.digest
        }
        let digest = try readDigest(of: path)
        // Kept only when it is the digest of one state of the file.
        if let identity, identity == FileIdentity(path) {
            known.withLock { list in
                list.removeAll { $0.path == path }
                list = (list + [(path, identity, digest)]).suffix(knownMax)
            }
        }
        return digest
    }

    private static func readDigest(of path: String) throws(LightGBMError) -> Digest {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw LightGBMError(
                "LightGBM's library is not at \(path): install it with tools/install-lightgbm, or name it in "
                    + environmentVariable)
        }
        return SHA256.hash(Array(bytes))
    }

    /// Where `tools/install-lightgbm` puts the library in a checkout; nil when it is not there.
    package static func installed(below folder: String) -> String? {
        let base = URL(filePath: folder).appending(path: ".venv/lightgbm/lib")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: base.path)) ?? []
        return versions.sorted().map {
            base.appending(path: "\($0)/site-packages/lightgbm/lib/lib_lightgbm.so").path
        }.first { FileManager.default.fileExists(atPath: $0) }
    }
}
