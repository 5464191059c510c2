// Every check of a statement, in the order and by the names of `commonwatt verify` (docs/formats/statement.md).
import { Wrong, bigEndian, bytesOf, check, compare, concat, decode, equal, hex, text, unhex } from "./bytes.js";
import { balanceOf } from "./balance.js";
import { BUNDLE_FORM, genesisBytes, readGenesis, verifyBundle } from "./bundle.js";
import { sha256 } from "./curve.js";
import {
  CHARGES, QUALITIES, READINGS_SCHEMA, isActive, isUnder, leafOf, readAnchor, readBatch, readChange, readHead, readInputs, readMember,
  readPriceDay, readRules, readSettlement, settingsIn,
} from "./formats.js";
import { checkForm, parseJSON, writeJSON } from "./json.js";
import { chargeRates, isPriced, verifiablePrices } from "./prices.js";

export const CHECKS = [
  "statement file", "final on the chain", "community rules", "membership", "all periods", "lines on the chain",
  "anchored readings", "balances from readings", "prices by the rules", "amounts", "sums",
];
const FILE_BYTES_MAX = 64 * 1024 * 1024;
const LINES_MAX = 3072;
const FORMAT = "commonwatt/statement/1";

const FIELDS = ["production", "consumption", "received", "given", "bought", "sold", "paidForReceived", "earnedForGiven", "paidForBought", "earnedForSold"];
const EXTRAS = ["gridFee", "fundLevy", "incentive"];
const LINE_FORM = {
  period: "u64", start: "u64", version: "u32", stage: "text", prices: { received: "i64", given: "i64", bought: "i64", sold: "i64" },
  quality: "text", salt: "text", leaf: "text", index: "i64", path: ["text"], inputs: "text",
  batches: [{ digest: "text", index: "i64", path: ["text"] }], "charges?": Object.fromEntries(CHARGES.map((name) => [name, "i64"])),
  ...Object.fromEntries(FIELDS.map((name) => [name, "i64"])),
};
const FORM = {
  format: "text", network: "text", community: "text", member: "u32", from: "u64", to: "u64", rules: "text",
  sums: Object.fromEntries([...FIELDS, ...EXTRAS, "balance"].map((name) => [name, "i64"])), lines: [LINE_FORM], open: ["u64"],
  batches: ["text"], proofs: [BUNDLE_FORM],
};

/** The genesis of a file in JSON or BCS. */
export function openGenesis(bytes) {
  const first = bytes.find((byte) => byte > 32);
  return readGenesis(first === 0x7b ? genesisBytes(parseJSON(bytes)) : bytes);
}

const i64 = (value) => {
  check(value >= -(1n << 63n) && value < 1n << 63n, "a sum does not fit 64 bits");
  return value;
};

// --- The checks

function readFile(bytes, genesis) {
  check(bytes.length <= FILE_BYTES_MAX, "the file is too large");
  const statement = parseJSON(bytes);
  checkForm(statement, FORM);
  check(statement.format === FORMAT, `the format is not ${FORMAT}`);
  check(statement.network === hex(genesis.network), "the statement is of another network than the genesis file");
  check(statement.lines.length + statement.open.length <= LINES_MAX, `the statement has more than ${LINES_MAX} periods`);
  check(equal(bytesOf(writeJSON(statement) + "\n"), bytes), "the file was changed: it is not the form in which statements are written");
  return [`${statement.lines.length} settled periods`, statement];
}

function proveState(statement, genesis, now) {
  const values = new Map();
  let header = null;
  for (const document of statement.proofs) {
    const verified = verifyBundle(document, genesis, now);
    check(header === null || equal(header.digest, verified.header.digest), "the proofs are of different blocks");
    header = verified.header;
    for (const entry of verified.entries) {
      check(!values.has(hex(entry.key)), "a state record is proved twice");
      values.set(hex(entry.key), entry.value);
    }
  }
  check(header !== null, "there are no proofs");
  return [`${values.size} state records proved at height ${header.height}`, { values, header }];
}

const ANCHORS = concat(bytesOf("anchors"), new Uint8Array(13));
const keys = {
  head: (s) => hex(concat(unhex(s.community, 20), Uint8Array.of(1))),
  member: (s) => hex(concat(unhex(s.community, 20), Uint8Array.of(3), bigEndian(s.member, 4))),
  settlement: (s, period) => hex(concat(unhex(s.community, 20), Uint8Array.of(4), bigEndian(period, 8))),
  change: (s, number) => hex(concat(unhex(s.community, 20), Uint8Array.of(6), bigEndian(s.member, 4), bigEndian(number, 2))),
  priceDay: (s, series, day) => hex(concat(unhex(s.community, 20), Uint8Array.of(7), bigEndian(series, 2), bigEndian(day, 4))),
  anchor: (digest) => hex(concat(ANCHORS, Uint8Array.of(2), digest)),
};

/** A record, or null when the bundles prove that there is none. */
function optional(state, key, what, read) {
  check(state.values.has(key), `the statement proves nothing about ${what}`);
  const value = state.values.get(key);
  return value === null ? null : decode(value, read);
}

function record(state, key, what, read) {
  const found = optional(state, key, what, read);
  check(found !== null, `the chain has no record of ${what}`);
  return found;
}

function proveRules(statement, state) {
  const head = record(state, keys.head(statement), "the community", readHead);
  const bytes = unhex(statement.rules);
  check(equal(sha256(bytes), head.rules), "the community has other rules on the chain");
  const rules = decode(bytes, readRules);
  return [`rules of ${rules.name}`, { ...rules, digest: head.rules }];
}

function checkMember(statement, state) {
  const member = record(state, keys.member(statement), `member ${statement.member}`, readMember);
  check(BigInt(member.number) === statement.member, "the record is of another member");
  return [`member ${statement.member} with ${member.meters.length} meters`, member];
}

function checkPeriods(statement, state, member) {
  const { from, to } = statement;
  check(from < to && to - from <= BigInt(LINES_MAX), "the span is empty or too long");
  check(isActive(member, from) && isActive(member, to - 1n), "the span is not within the membership");
  const records = new Map();
  const [settled, open] = [[], []];
  for (let period = from; period < to; period++) {
    const found = optional(state, keys.settlement(statement, period), `period ${period}`, readSettlement);
    check(found === null || found.period === period, "the record is of another period");
    (found === null ? open : settled).push(period);
    if (found !== null) records.set(period, found);
  }
  const same = (left, right) => left.length === right.length && left.every((value, i) => value === right[i]);
  check(same(statement.lines.map((line) => line.period), settled), "a settled period lacks, or is there twice");
  check(same(statement.open, open), "the open periods are not those of the chain");
  return [`${settled.length} settled, ${open.length} open`, records];
}

const DAY = 86_400_000n;
const dayOf = (start) => start / DAY;

/** Values of the rules' price series for the hour of `start`, by position. */
function seriesValues(statement, state, rules, start) {
  return rules.series.map((_, series) => {
    const day = optional(state, keys.priceDay(statement, series, dayOf(start)), `price series ${series}`, readPriceDay);
    return day === null ? null : day[Number((start % DAY) / 3_600_000n)];
  });
}

/** The digests of the batches that a line names, each at its place under the root of the inputs. */
function placedBatches(shown, inputs) {
  let last = -1n;
  return shown.batches.map((place) => {
    const digest = unhex(place.digest, 32);
    const path = place.path.map((sibling) => unhex(sibling, 32));
    check(place.index > last && isUnder(inputs.batchRoot, digest, Number(place.index), inputs.batchCount, path),
      `period ${shown.period}: a batch is not among those of the settlement`);
    last = place.index;
    return place.digest;
  });
}

function checkLines(statement, records, rules, member, state) {
  const community = unhex(statement.community, 20);
  const changes = Array.from({ length: member.amendments }, (_, number) =>
    record(state, keys.change(statement, number), `amendment ${number}`, readChange));
  const lines = statement.lines.map((shown) => {
    const wrong = (condition, what) => check(condition, `period ${shown.period}: ${what}`);
    const found = records.get(shown.period);
    wrong(found, "it has no settlement on the chain");
    const start = shown.period * BigInt(rules.minutes) * 60_000n;
    wrong(start < 1n << 64n && start === shown.start, "its start is wrong");
    wrong(BigInt(found.version) === shown.version && found.stage === shown.stage, "the chain has another version or stage");
    const bytes = unhex(shown.inputs);
    const inputs = decode(bytes, readInputs);
    wrong(equal(sha256(bytes), found.inputs) && equal(inputs.rules, rules.digest), "the settlement on the chain has other inputs");
    wrong(QUALITIES.includes(shown.quality), "unknown quality");
    const line = { ...shown, community, member: statement.member };
    const leaf = leafOf(line, unhex(shown.salt, 32));
    wrong(hex(leaf) === shown.leaf, "the line is not the one that was hashed");
    const path = shown.path.map((sibling) => unhex(sibling, 32));
    wrong(isUnder(found.root, leaf, Number(shown.index), found.members, path), "the line is not under the root on the chain");
    return {
      line, start, settings: settingsIn(member, changes, shown.period), batches: placedBatches(shown, inputs), totals: found.totals,
      values: seriesValues(statement, state, rules, start),
    };
  });
  return [`${lines.length} lines under the roots on the chain`, lines];
}

/** The state records that a statement must prove, and no others. */
function expectedKeys(statement, member, rules, batches) {
  const expected = new Set([keys.head(statement), keys.member(statement)]);
  for (let period = statement.from; period < statement.to; period++) {
    expected.add(keys.settlement(statement, period));
    const day = dayOf(period * BigInt(rules.minutes) * 60_000n);
    rules.series.forEach((_, series) => expected.add(keys.priceDay(statement, series, day)));
  }
  for (const digest of batches) expected.add(keys.anchor(unhex(digest)));
  for (let number = 0; number < member.amendments; number++) expected.add(keys.change(statement, number));
  return expected;
}

function checkReadings(statement, state, member, rules, lines) {
  const used = new Set(lines.flatMap((proved) => proved.batches));
  const batches = new Map();
  let last = null;
  for (const written of statement.batches) {
    const bytes = unhex(written);
    const digest = sha256(bytes);
    check(last === null || compare(last, digest) < 0, "the batches are not in order");
    last = digest;
    const batch = decode(bytes, readBatch);
    const short = hex(digest).slice(0, 8);
    const anchor = record(state, keys.anchor(digest), `batch ${short}`, readAnchor);
    check(equal(anchor.digest, digest) && anchor.schema === READINGS_SCHEMA, `the anchor of batch ${short} is another one`);
    check(member.meters.includes(batch.meter), `batch ${short} is of another meter`);
    check(used.has(hex(digest)), `batch ${short} was used by no settlement`);
    batches.set(hex(digest), batch);
  }
  const expected = expectedKeys(statement, member, rules, batches.keys());
  check(expected.size === state.values.size && [...state.values.keys()].every((key) => expected.has(key)),
    "the statement proves something that is not in it");
  const readings = [...batches.values()].reduce((sum, batch) => sum + batch.readings.length, 0);
  return [`${readings} readings in ${batches.size} anchored batches`, batches];
}

function checkBalances(lines, member, rules, batches) {
  for (const { line, batches: named, start } of lines) {
    const own = named.map((digest) => {
      check(batches.has(digest), `period ${line.period}: a batch lacks`);
      return batches.get(digest);
    });
    const balance = balanceOf(member, own, start, rules.minutes);
    check(balance.production === line.production && balance.consumption === line.consumption
      && QUALITIES[balance.quality] === line.quality,
      `period ${line.period}: the readings give another production, consumption or quality`);
  }
  return [`production and consumption of ${lines.length} periods recomputed`, null];
}

function checkPrices(lines, rules) {
  for (const { line, start, settings, totals, values } of lines) {
    const right = verifiablePrices(rules, settings, start, totals, values);
    const rates = chargeRates(rules, start);
    const shown = line.prices;
    const same = (pair, consumption, production) => pair === null || (pair.consumption === consumption && pair.production === production);
    check(same(right.inside, shown.received, shown.given) && same(right.grid, shown.bought, shown.sold)
      && (rates === null ? !line.charges : line.charges && Object.entries(rates).every(([name, rate]) => line.charges[name] === rate)),
      `period ${line.period}: a price is not the one of the rules`);
  }
  return [`four prices in each of ${lines.length} periods`, null];
}

function checkAmounts(lines, rules) {
  for (const { line } of lines) check(isPriced(line, rules), `period ${line.period}: energy or an amount does not follow from balance and prices`);
  return [`energy and money of ${lines.length} periods recomputed`, null];
}

function checkSums(statement) {
  const sums = Object.fromEntries([...FIELDS, ...EXTRAS].map((name) =>
    [name, statement.lines.reduce((sum, line) => i64(sum + ((EXTRAS.includes(name) ? line.charges?.[name] : line[name]) ?? 0n)), 0n)]));
  sums.balance = i64(sums.earnedForGiven + sums.earnedForSold + sums.incentive - sums.paidForReceived - sums.paidForBought - sums.gridFee - sums.fundLevy);
  check(Object.entries(sums).every(([name, value]) => statement.sums[name] === value), "the sums are not those of the lines");
  return [`balance ${sums.balance} micro-units`, null];
}

// --- The run

/**
 * Checks a statement file against a genesis (`openGenesis`). `now` is milliseconds since 1970. Gives the checks in order,
 * each with `passed` and `detail`; a check that rests on a failed one fails with it. `statement`, `rules` and `header`
 * are there as far as they were read.
 */
export function verifyStatement(bytes, genesis, now) {
  const checks = new Map();
  function step(name, body) {
    try {
      const [detail, value] = body();
      checks.set(name, { name, passed: true, detail });
      return { value };
    } catch (error) {
      checks.set(name, { name, passed: false, detail: error instanceof Wrong ? error.message : `the file is not readable: ${error}` });
      return null;
    }
  }
  const out = { statement: null, rules: null, header: null };
  function run() {
    const file = step("statement file", () => readFile(bytes, genesis));
    if (!file) return;
    const statement = (out.statement = file.value);
    const state = step("final on the chain", () => proveState(statement, genesis, BigInt(now)));
    if (!state) return;
    out.header = state.value.header;
    const rules = step("community rules", () => proveRules(statement, state.value));
    if (!rules) return;
    out.rules = rules.value;
    const member = step("membership", () => checkMember(statement, state.value));
    const records = member && step("all periods", () => checkPeriods(statement, state.value, member.value));
    const lines = records && step("lines on the chain", () => checkLines(statement, records.value, rules.value, member.value, state.value));
    const batches = lines && step("anchored readings", () => checkReadings(statement, state.value, member.value, rules.value, lines.value));
    if (batches && step("balances from readings", () => checkBalances(lines.value, member.value, rules.value, batches.value))
      && step("prices by the rules", () => checkPrices(lines.value, rules.value))
      && step("amounts", () => checkAmounts(lines.value, rules.value))) step("sums", () => checkSums(statement));
  }
  run();
  out.checks = CHECKS.map((name) => checks.get(name) ?? { name, passed: false, detail: "not checked, because an earlier check failed" });
  out.isRight = out.checks.every((each) => each.passed);
  return out;
}
