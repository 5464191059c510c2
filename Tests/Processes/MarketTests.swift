import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    /// The life of a data contract by the program alone, on four validators: accounts, a data set, an offer, both
    /// signatures, payment, access, revocation; and its documents, checked offline with the genesis.
    @Test(.timeLimit(.minutes(4))) func aDataContractLivesByTheCommands() async throws {
        try await ValidatorNetwork.with { network in
            let shop = try await MarketShop(network)
            // Access waits for the payment, and the check of the reader is proved.
            let number = try await shop.agree()
            let awaiting = try await shop.check(agreement: number)
            #expect(awaiting.exitCode == 2 && awaiting.output.contains("opens when the first invoice is paid"))
            let poor = try await Program.run(["invoice", "pay", "0"] + shop.act("user"))
            #expect(poor.exitCode == 1 && poor.output.contains("rejection 401"), "\(poor.output)")
            try await Program.succeed(
                ["billing", "deposit", shop.did("user"), "--amount", "12.50", "--reference", "bank-1"]
                    + shop.send("sunsupply"))
            let paid = try await shop.json(["invoice", "pay", "0"] + shop.act("user"))
            #expect(paid["made"] as? String == "0")
            let open = try await shop.check(agreement: number)
            #expect(open.exitCode == 0 && open.output.contains("It may read") && open.output.contains("proved"))
            let balances = try await shop.json(["billing", "show", shop.did("provider")] + shop.node)
            #expect(balances["cash"] as? String == "12.50 EUR")

            try await checkLists(shop, number)
            // The provider revokes: access stops with that block.
            try await Program.succeed(["agreement", "revoke", number] + shop.act("provider"))
            let ended = try await shop.check(agreement: number)
            #expect(ended.exitCode == 2 && ended.output.contains("has ended"), "\(ended.output)")

            // Invoice, receipt and agreement verify offline; a changed one does not.
            for (kind, name) in [("invoice", "0"), ("receipt", "0"), ("agreement", number)] {
                let file = "\(network.folder)/\(kind).json"
                try await Program.succeed(["invoice", "export", name, "--kind", kind, "--out", file] + shop.node)
                let right = try await Program.run(["verify", file, "--genesis", network.genesisFile])
                #expect(right.exitCode == 0 && right.output.contains("is right"), "\(right.output)")
                let text = try String(contentsOfFile: file, encoding: .utf8)
                let forged = text.replacing("12.500000", with: "2.500000")
                #expect(forged != text)
                try forged.write(toFile: file, atomically: true, encoding: .utf8)
                let wrong = try await Program.run(["verify", file, "--genesis", network.genesisFile])
                #expect(wrong.exitCode == 1 && wrong.output.contains("but the ledger has '12.500000 EUR'"))
                // Cut short it is no document any more, right or wrong.
                let lies: [(String, Int32, String)] = [
                    (
                        text.replacing("\"kind\" : \"\(kind)\"", with: "\"kind\" : \"credit-note\""), 1,
                        "about something else"
                    ),
                    (text + " ", 1, "not in the one form"), (String(text.dropLast(40)), 2, "it is not JSON"),
                ]
                for (lie, code, words) in lies {
                    try lie.write(toFile: file, atomically: true, encoding: .utf8)
                    let found = try await Program.run(["verify", file, "--genesis", network.genesisFile])
                    #expect(found.exitCode == code && found.output.contains(words), "\(words): \(found.output)")
                }
            }
            let none = try await Program.run(
                ["invoice", "export", "7", "--out", "\(network.folder)/none.json"] + shop.node)
            #expect(none.exitCode == 1 && none.output.contains("has no invoice 7"), "\(none.output)")
        }
    }

    /// What is on the market is found by the commands, and an invoice says all that became of it.
    private func checkLists(_ shop: MarketShop, _ number: String) async throws {
        for (arguments, words) in [
            (["invoice", "list", "--party", shop.did("user")], "12.50 EUR"),
            (["invoice", "list", "--agreement", number], "0.00 EUR  paid"),
            (["agreement", "list", "--party", shop.did("provider")], "one-time 12.50 EUR"),
            (["agreement", "offers"], "0 of 1 left"), (["account", "list"], "data-user"),
            (["agreement", "show", number], "invoices: 0"),
            // Organisations by their DIDs, persons as far as the caller names them.
            (["invoice", "list"], shop.did("provider")), (["agreement", "list"], shop.did("provider")),
            (["agreement", "list", "--party", shop.did("user")], shop.did("user")),
            (["agreement", "offers"], shop.did("provider")), (["account", "list"], shop.did("operator")),
            (["agreement", "show", number], "providerDID: \(shop.did("provider"))"),
            (["invoice", "show", "0"], "from \(shop.did("provider")) to "),
            (["account", "show", shop.did("user")], "account \(shop.did("user"))"),
            (["data", "search"], shop.did("provider")),
            (["invoice", "show", "0"], "paid: 12.50 EUR, credited: 0.00 EUR, refunded: 0.00 EUR"),
        ] {
            let shown = try await Program.succeed(arguments + shop.node)
            #expect(shown.contains(words), "\(arguments): \(shown)")
        }
        let none = try await Program.succeed(["invoice", "list", "--party", shop.did("operator")] + shop.node)
        #expect(none.contains("There are none"), "\(none)")
        let twice = try await Program.run(["invoice", "pay", "0"] + shop.act("user"))
        #expect(twice.exitCode == 1 && twice.output.contains("nothing left to pay"), "\(twice.output)")
    }

    /// What people get wrong comes back in words, before or from the chain.
    @Test(.timeLimit(.minutes(3))) func mistakesWithTheMarketAreExplained() async throws {
        try await ValidatorNetwork.with { network in
            let shop = try await MarketShop(network)
            func refused(_ arguments: [String], _ words: String) async throws {
                let outcome = try await Program.run(arguments)
                #expect(outcome.exitCode != 0 && outcome.output.contains(words), "\(arguments): \(outcome.output)")
            }
            let text = shop.described
            try await refused(["account", "show", "acme"] + shop.node, "neither a DID")
            try await refused(["account", "show", "did:cwatt:devnet:nobody"] + shop.node, "no marketplace account")
            try await refused(
                [
                    "agreement", "describe", "x", "--partner", "coop", "--class", "cheap", "--privacy", "anonymised",
                    "--authority", "licence", "--text", shop.text,
                ] + shop.share("provider"),
                "service, sale-only, open")
            // What is a legal statement has no default.
            for option in ["--class", "--privacy", "--authority"] {
                let index = try #require(text.firstIndex(of: option))
                var left = text
                left.removeSubrange(index...index + 1)
                try await refused(
                    ["agreement", "describe", "x", "--partner", "coop", "--purpose", "research"] + left
                        + shop.share("provider"), "Missing expected argument '\(option)")
            }
            try await refused(
                ["agreement", "describe", "x", "--partner", "coop", "--purpose", "fun"] + text + shop.share("provider"),
                "'fun' is no purpose")
            try await refused(
                ["agreement", "describe", "x", "--partner", "coop", "--country", "Germany", "--purpose", "research"]
                    + text + shop.share("provider"), "no country code")
            try await refused(
                ["agreement", "describe", "x", "--partner", "coop", "--country", "DE", "--purpose", "research"] + text
                    + shop.share("provider"), "rejection 303")
            try await refused(
                ["agreement", "describe", "x", "--partner", "coop", "--purpose", "research"] + text
                    + shop.share("user"),
                "do not allow this (rejection 214)")
            try await refused(["agreement", "countersign", "9"] + shop.act("user"), "no such offer")
            try await refused(
                ["agreement", "countersign", "9", "--valid-minutes", "43201"] + shop.act("user"), "1 to 43,200 minutes")
            try await refused(["invoice", "pay", "9"] + shop.act("user"), "no such document")
            try await refused(["invoice", "refund", "9"] + shop.act("user"), "no such document")
            try await refused(["invoice", "reverse", "9"] + shop.send("sunsupply"), "no such document")
            try await refused(
                ["invoice", "credit", "0", "--amount", "1,50"] + shop.act("provider"), "'1,50' is no amount")
            try await refused(["agreement", "show"] + shop.node, "Name the number")
            // A suspended account acts no more, and again when it is reinstated.
            try await shop.makeOperator()
            try await refused(
                ["account", "release", shop.did("provider"), "--actor", shop.did("user")] + shop.act("operator"),
                "its DID or its account is live")
            try await Program.succeed(["account", "suspend", shop.did("user"), "--reason", "4"] + shop.act("operator"))
            let any = String(repeating: "0", count: 64)
            try await refused(
                ["agreement", "consent", any, "--purpose", "research", "--version", "1"] + shop.act("user"),
                "rejection 211")
            let shown = try await shop.json(["account", "show", shop.did("user")] + shop.node)
            #expect(shown["status"] as? String == "suspended" && shown["reason"] as? Int == 4)
            try await Program.succeed(["account", "reinstate", shop.did("user")] + shop.act("operator"))
        }
    }
}

/// Accounts of a provider (an organisation), a user (a person's pairwise DID) and an operator to be.
struct MarketShop {
    let network: ValidatorNetwork
    let node: [String]
    /// Any file: a credential, a contract's text.
    let text: String
    private var dids: [String: String] = [:]

    init(_ network: ValidatorNetwork) async throws {
        self.network = network
        node = ["--node", network.url("energylab")]
        text = "\(network.folder)/text.md"
        try "All of it.\n".write(toFile: text, atomically: true, encoding: .utf8)
        for name in ["provider", "operator"] {
            try await Program.succeed(["did", "create", "--wallet", wallet(name)] + send("energylab"))
        }
        try await Program.succeed(["account", "wallet", "--wallet", wallet("user")])
        for name in ["provider", "operator", "user"] {
            let made = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: wallet(name))))
            dids[name] = try #require((made as? [String: Any])?["did"] as? String)
        }
        for (name, role) in [("provider", "data-provider"), ("user", "data-user"), ("operator", "")] {
            try await Program.succeed(
                ["account", "open", did(name), "--credential", text] + (role.isEmpty ? [] : ["--role", role])
                    + send("energylab"))
            try await Program.succeed(["account", "confirm", "--wallet", wallet(name)] + send("gridco"))
        }
    }

    func wallet(_ name: String) -> String { "\(network.folder)/\(name)-wallet.json" }
    func did(_ name: String) -> String { dids[name] ?? "" }
    /// What a description must say, and its text.
    var described: [String] {
        ["--class", "sale-only", "--privacy", "non-personal", "--authority", "ownership", "--text", text]
    }
    /// Options of a command that a partner sends.
    func send(_ partner: String) -> [String] { ["--key", network.operatorKeyFile(partner)] + node }
    /// Options of a command that a wallet signs; a partner that has no part in it carries it.
    func act(_ name: String) -> [String] { ["--wallet", wallet(name)] + send("gridco") }

    /// The same, carried by the partner that holds the data.
    func share(_ name: String) -> [String] { ["--wallet", wallet(name)] + send("coop") }

    func json(_ arguments: [String]) async throws -> [String: Any] {
        let text = try await Program.succeed(arguments + ["--json"])
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    func makeOperator() async throws {
        for partner in ["coop", "energylab", "gridco"] {
            try await Program.succeed(["account", "vote-operator", did("operator")] + send(partner))
        }
    }

    /// A sale for 12.50 EUR that is paid first; the number of the agreement.
    func agree() async throws -> String {
        let set = try #require(
            try await json(
                [
                    "agreement", "describe", "load", "--partner", "coop", "--purpose", "research",
                ] + described + share("provider"))["made"] as? String)
        try set.write(toFile: network.folder + "/set", atomically: true, encoding: .utf8)
        let offer = try #require(
            try await json(
                [
                    "agreement", "offer", "--data-set", set, "--purpose", "research", "--days", "30", "--plan",
                    "one-time", "--price", "12.50", "--pays-first", "--text", text,
                ] + act("provider"))["made"] as? String)
        let other = "\(network.folder)/other.md"
        try "Something else.\n".write(toFile: other, atomically: true, encoding: .utf8)
        let wrong = try await Program.run(["agreement", "countersign", offer, "--text", other] + act("user"))
        #expect(wrong.exitCode == 1 && wrong.output.contains("is not the text of offer"), "\(wrong.output)")
        let signed = try await Program.run(["agreement", "countersign", offer, "--text", text] + act("user"))
        #expect(signed.output.contains("Its invoice is 0; pay it with `commonwatt invoice pay 0`."), "\(signed.output)")
        #expect(signed.exitCode == 0 && signed.output.contains("one-time 12.50 EUR"), "\(signed.output)")
        return "0"
    }

    /// The reader's own check, with every record proved.
    func check(agreement: String) async throws -> Program.Outcome {
        let set = try String(contentsOfFile: network.folder + "/set", encoding: .utf8)
        return try await Program.run(
            [
                "agreement", "check", did("user"), "--data-set", set, "--purpose", "research", "--agreement", agreement,
                "--genesis", network.genesisFile,
            ] + node)
    }
}
