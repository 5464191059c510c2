internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Accounts {
    static let contractsPerAccountMax: UInt16 = 1_000
    /// Contracts that one issuer may have waiting for one holder.
    static let pendingPerIssuerMax: UInt64 = 8

    static func open(_ context: Context, _ request: OpenAccount) throws(Rejection) -> Nothing {
        let sponsor = try context.requirePartner(with: .issuer)
        // What no holder confirmed is nobody's: a later offer takes its place, so that none can be squatted.
        if let known = try Directory.accounts.get(request.holder, in: context) {
            let first = try contracts.get(Pair(request.holder, 0), in: context)
            try require(known.status == .pending || first?.confirmed == nil, accountExists())
        }
        try require(!request.roles.contains(.marketOperator), rolesWrong())
        try checkHolder(request, context)
        let contract = AccountContract(
            credential: request.credential, roles: request.roles, statement: SHA256.hash(request.bcs), sponsor: sponsor,
            administrators: request.administrators, offered: context.time)
        let account = Account(
            holder: request.holder, kind: request.kind, sponsor: sponsor, opened: context.time, changed: context.time)
        _ = try append(contract, to: account, context)
        return Nothing()
    }

    private static func checkHolder(_ request: OpenAccount, _ context: Context) throws(Rejection) {
        let keys = request.administrators
        try require(!keys.isEmpty && Set(keys).count == keys.count, administratorsWrong())
        switch request.kind {
        case .organisation:
            try require(context.documentKeys(request.holder) != nil, holderWrong())
        case .person:
            try require(keys.count == 1, administratorsWrong())
            try require(HolderDID.isPerson(request.holder, with: keys[0]), holderWrong())
        }
    }

    static func addContract(_ context: Context, _ request: AddContract) throws(Rejection) -> ContractNumber {
        let sponsor = try context.requirePartner(with: .issuer)
        let account = try account(request.holder, context)
        try require(account.status == .active, stepForbidden(account.status.word))
        try require(
            !request.roles.isEmpty && request.roles.isDisjoint(with: account.roles.union(.marketOperator)), rolesWrong()
        )
        let contract = AccountContract(
            credential: request.credential, roles: request.roles, statement: SHA256.hash(request.bcs), sponsor: sponsor,
            offered: context.time)
        if let number = request.replaces {
            let known = try contracts.get(Pair(request.holder, number), in: context)
            guard let known, known.confirmed == nil, known.sponsor == sponsor else { throw contractUnknown() }
            try store(contract, number, of: request.holder, context)
            return ContractNumber(number)
        }
        let key = Pair(request.holder, sponsor)
        let waiting = try pending.get(key, in: context) ?? Height(0)
        try require(waiting.value < pendingPerIssuerMax, pendingMax())
        try pending.set(key, waiting.next, in: context)
        return ContractNumber(try append(contract, to: account, context))
    }

    private static func append(
        _ contract: AccountContract, to account: Account, _ context: Context
    ) throws(Rejection) -> UInt16 {
        try require(account.contracts < contractsPerAccountMax, contractsMax())
        var changed = account
        let number = account.contracts
        changed.contracts = try checked(number.adding(1))
        try store(contract, number, of: account.holder, context)
        try store(changed, context)
        return number
    }

    static func confirm(_ context: Context, _ request: ConfirmContract) throws(Rejection) -> Nothing {
        var account = try account(request.holder, context)
        guard var contract = try contracts.get(Pair(request.holder, request.number), in: context) else {
            throw contractUnknown()
        }
        try require(contract.confirmed == nil, contractConfirmed())
        if request.number == 0 {
            account.status = try next(account, .confirm)
            account.changed = context.time
        } else {
            try require(account.status == .active, stepForbidden(account.status.word))
            let key = Pair(request.holder, contract.sponsor)
            try pending.set(key, pending.get(key, in: context)?.previous ?? Height(0), in: context)
        }
        let sponsor = try context.partner(contract.sponsor)
        guard let sponsor, !sponsor.isSuspended, sponsor.roles.contains(.issuer) else { throw sponsorGone() }
        try require(speaks(request.key, for: account, context), notHolder())
        let digest = ConfirmContract.signingDigest(
            network: context.network, holder: request.holder, number: request.number, statement: contract.statement)
        try context.spend(Context.signatureWork(request.key.scheme))
        try require(SignatureVerifier.verify(request.signature, by: request.key, over: digest), signatureWrong())
        contract.confirmed = context.time
        account.credential = contract.credential
        for key in contract.administrators {
            try actors.set(Pair(request.holder, key), AccountActor(isAdministrator: true, roles: []), in: context)
            account.administrators = try checked(account.administrators.adding(1))
            let change = SetActor(key: key, standing: .administrator)
            try context.emit(actorChanged, ActorNotice(account: request.holder, change))
        }
        try store(contract, request.number, of: account.holder, context)
        try give(account.roles.union(contract.roles), to: account, context)
        return Nothing()
    }

    /// Whether the key is one of the holder's DID itself.
    static func speaks(_ key: PublicKey, for account: Account, _ context: Context) throws(Rejection) -> Bool {
        switch account.kind {
        case .organisation: try context.documentKeys(account.holder)?.controlKeys.contains(key) ?? false
        case .person: HolderDID.isPerson(account.holder, with: key)
        }
    }

    // MARK: Parts

    static func account(_ holder: Digest, _ context: Context) throws(Rejection) -> Account {
        guard let account = try Directory.accounts.get(holder, in: context) else { throw accountUnknown() }
        return account
    }

    static func next(_ account: Account, _ step: AccountStep) throws(Rejection) -> AccountStatus {
        guard let status = account.status.after(step) else {
            throw stepForbidden("it is \(account.status.word)")
        }
        return status
    }

    static func give(_ roles: MarketRoles, to account: Account, _ context: Context) throws(Rejection) {
        var changed = account
        changed.roles = roles
        changed.capabilities = AuthorisationMatrix.capabilities(of: roles)
        try store(changed, context)
    }

    static func store(_ account: Account, _ context: Context) throws(Rejection) {
        try Directory.accounts.set(account.holder, account, in: context)
        try context.emit(accountChanged, account)
    }

    private static func store(
        _ contract: AccountContract, _ number: UInt16, of holder: Digest, _ context: Context
    ) throws(Rejection) {
        try contracts.set(Pair(holder, number), contract, in: context)
        try context.emit(contractChanged, ContractNotice(holder: holder, number: number, contract: contract))
    }
}
