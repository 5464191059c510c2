import Chain
import Foundation
import Testing

@testable import Wiring
@testable import commonwatt

/// What `devnet init` writes is what a node reads.
struct DevnetSetupTests {
    @Test(arguments: [1, 2, 4]) func settingsNameTheOthers(_ count: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "devnet-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let layout = DevnetLayout(root: folder)
        let partners = DevnetLayout.partnerIDs(count: count)
        let setup = DevnetSetup(layout: layout, network: "small", partners: partners, basePort: 27_000)
        let genesis = try setup.write()
        #expect(genesis.validators.count == count)
        for partner in partners {
            let settings = try NodeSettings.load(config: layout.settings(partner), flags: UserSettings())
            #expect(settings.peers.map(\.partner) == partners.filter { $0 != partner }.sorted())
        }
    }
}
