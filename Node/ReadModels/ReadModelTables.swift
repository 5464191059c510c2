/// The tables of the read models. `record` is the contract's record as it stands, in BCS; the columns beside it are what
/// is searched by. `height` is the block that wrote it last.
enum ReadModelTables {
    /// Those whose content counts, in the order of a dump.
    static let names = [
        "about", "position", "account", "dataSet", "offer", "agreement", "consent", "accessLog", "invoice", "document",
        "part", "deletion", "catalogue",
    ]

    static let all = """
        CREATE TABLE about (version INTEGER NOT NULL, network BLOB NOT NULL);
        CREATE TABLE position (
            id INTEGER PRIMARY KEY NOT NULL, height INTEGER NOT NULL, block BLOB NOT NULL, time INTEGER NOT NULL,
            first INTEGER NOT NULL);
        CREATE TABLE account (
            holder BLOB UNIQUE NOT NULL, status INTEGER NOT NULL, sponsor TEXT NOT NULL, record BLOB NOT NULL,
            height INTEGER NOT NULL);
        CREATE TABLE dataSet (
            place INTEGER PRIMARY KEY NOT NULL, id BLOB UNIQUE NOT NULL, provider BLOB NOT NULL, name TEXT NOT NULL,
            partner TEXT NOT NULL, anchor TEXT NOT NULL, isWithdrawn INTEGER NOT NULL, text BLOB NOT NULL,
            record BLOB NOT NULL, height INTEGER NOT NULL);
        CREATE INDEX dataSetByProvider ON dataSet (provider, place);
        CREATE INDEX dataSetByAnchor ON dataSet (partner, anchor);
        CREATE INDEX dataSetByText ON dataSet (text);
        CREATE TABLE offer (
            number INTEGER PRIMARY KEY NOT NULL, provider BLOB NOT NULL, state INTEGER NOT NULL, text BLOB NOT NULL,
            record BLOB NOT NULL, height INTEGER NOT NULL);
        CREATE INDEX offerByProvider ON offer (provider, number);
        CREATE INDEX offerByText ON offer (text);
        CREATE TABLE agreement (
            number INTEGER PRIMARY KEY NOT NULL, provider BLOB NOT NULL, user BLOB NOT NULL, state INTEGER NOT NULL,
            record BLOB NOT NULL, height INTEGER NOT NULL);
        CREATE INDEX agreementByProvider ON agreement (provider, number);
        CREATE INDEX agreementByUser ON agreement (user, number);
        CREATE TABLE consent (
            dataSet BLOB NOT NULL, owner BLOB NOT NULL, record BLOB NOT NULL, height INTEGER NOT NULL,
            UNIQUE (dataSet, owner));
        CREATE TABLE accessLog (
            agreement INTEGER NOT NULL, number INTEGER NOT NULL, partner TEXT NOT NULL, record BLOB NOT NULL,
            height INTEGER NOT NULL, UNIQUE (agreement, number));
        CREATE TABLE invoice (
            number INTEGER PRIMARY KEY NOT NULL, agreement INTEGER NOT NULL, payer BLOB NOT NULL, payee BLOB NOT NULL,
            state INTEGER NOT NULL, record BLOB NOT NULL, height INTEGER NOT NULL);
        CREATE INDEX invoiceByPayer ON invoice (payer, number);
        CREATE INDEX invoiceByPayee ON invoice (payee, number);
        CREATE INDEX invoiceByAgreement ON invoice (agreement, number);
        CREATE TABLE document (
            kind TEXT NOT NULL, number INTEGER NOT NULL, record BLOB NOT NULL, height INTEGER NOT NULL,
            UNIQUE (kind, number));
        CREATE TABLE part (
            place INTEGER PRIMARY KEY NOT NULL, digest BLOB UNIQUE NOT NULL, partner TEXT NOT NULL, anchor TEXT NOT NULL,
            first INTEGER NOT NULL, last INTEGER NOT NULL, supersedes BLOB, correction BLOB, record BLOB NOT NULL,
            height INTEGER NOT NULL);
        CREATE INDEX partByAnchor ON part (partner, anchor, first);
        CREATE TABLE deletion (
            digest BLOB UNIQUE NOT NULL, reason INTEGER NOT NULL, time INTEGER NOT NULL, height INTEGER NOT NULL);
        CREATE VIRTUAL TABLE catalogue USING fts5 (
            name, title, description, keywords, facts, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
        """
}
