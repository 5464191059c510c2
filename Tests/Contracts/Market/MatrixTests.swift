import Accounts
import ContractHost
import ContractKit
import Primitives
import Testing

/// The authorisation matrix of D2.3, typed here a second time from the document.
@Suite struct MatrixTests {
    static let roles: [MarketRoles] = [.dataProvider, .serviceProvider, .dataUser, .serviceUser, .marketOperator]

    /// Columns: data provider, service provider, data user, service user, operator.
    static let table: [(Capabilities, String)] = [
        (.contracting, "xxxx."), (.search, "xxxx."), (.billing, "xxxx."), (.fulfil, "xx..."), (.order, "..xx."),
        (.governOwn, "xx..."), (.governMarketplace, "....x"), (.useService, "...x."), (.requestInnovation, "...x."),
        (.requestComposition, "...x."), (.advertise, "xx..."), (.publish, ".x..."), (.procureInnovation, ".x..."),
        (.procureComposition, ".x..."), (.authenticate, "xxxxx"), (.accessData, "..x.."), (.shareData, "x...."),
    ]

    static func isAllowed(_ capability: Capabilities, _ roles: MarketRoles) -> Bool {
        let row = table.first { $0.0 == capability }?.1 ?? ""
        return zip(row, Self.roles).contains { $0 == "x" && roles.contains($1) }
    }

    @Test func everyCapabilityHasARow() {
        #expect(Self.table.count == Capabilities.named.count && AuthorisationMatrix.rows.count == Self.table.count)
        #expect(Self.table.map(\.0) == Capabilities.named.map(\.bit))
        #expect(AuthorisationMatrix.rows.map(\.capability) == Capabilities.named.map(\.bit))
        #expect(Capabilities.known.nonzeroBitCount == Self.table.count)
    }

    @Test func setsOfRolesGiveTheUnion() {
        for bits in 0..<UInt32(32) {
            let roles = MarketRoles(rawValue: bits)
            let capabilities = AuthorisationMatrix.capabilities(of: roles)
            for (capability, _) in Self.table {
                #expect(capabilities.contains(capability) == Self.isAllowed(capability, roles), "\(roles.names)")
            }
        }
    }

    /// Each cell on chain: an account with this role alone, an act that needs this capability, judged by Accounts.
    @Test func everyCellIsJudgedSo() throws {
        var market = try Market()
        var cells = 0
        for (index, role) in Self.roles.enumerated() {
            let party = try market.organisation("cell\(index)", role)
            for (capability, row) in Self.table {
                let isAllowed = Array(row)[index] == "x"
                let code = market.code(Asker.ask, capability, by: party, on: Asker.address)
                #expect(
                    code == (isAllowed ? nil : Accounts.capabilityMissing.code), "\(role.names) \(capability.names)")
                cells += 1
            }
        }
        #expect(cells == 85)
    }

    /// Members act in their own roles, as far as the account holds them; administrators in all that it holds.
    @Test func membersAndAdministrators() throws {
        var market = try Market()
        let account = try market.organisation("firm", [.dataProvider, .dataUser])
        let member = Party("member", for: account)
        let boss = Party("boss", for: account)
        let instance = WellKnown.accounts
        try market.act(
            Accounts.setActor, SetActor(key: member.key, standing: .member, roles: .dataUser), by: account,
            on: instance)
        try market.act(Accounts.setActor, SetActor(key: boss.key, standing: .administrator), by: account, on: instance)
        for (capability, _) in Self.table {
            let asMember = market.code(Asker.ask, capability, by: member, on: Asker.address) == nil
            #expect(asMember == Self.isAllowed(capability, .dataUser))
            let asBoss = market.code(Asker.ask, capability, by: boss, on: Asker.address) == nil
            #expect(asBoss == Self.isAllowed(capability, [.dataProvider, .dataUser]))
        }
    }
}
