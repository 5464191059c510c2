// What the chain and the lake keep of a community, in BCS: rules, members, settlements, batches (docs/formats/statement.md).
import { Writer, ascends, check, compare } from "./bytes.js";
import { sha256 } from "./curve.js";

export const RESOLUTIONS = [15, 30, 60];
export const QUALITIES = ["asProvided", "adjusted", "estimated", "missing"];
export const STAGES = ["provisional", "final", "corrected"];
export const DIRECTIONS = ["import", "export", "load", "production"];
const PRICE_MAX = 1_000_000_000n;
const ENERGY_MAX = 1_000_000_000_000n;

function tag(reader, list, what) {
  const value = reader.u8();
  check(value < list.length, `${what} has an unknown value`);
  return value;
}

// --- Schedules: one value for all time, or by weekday and local time

function readBand(reader, readValue) {
  const band = { weekdays: reader.u8(), from: reader.u16(), to: reader.u16(), value: readValue(reader) };
  check(band.weekdays > 0 && band.weekdays <= 127 && band.from < band.to && band.to <= 1440, "a time band is not valid");
  return band;
}

const readSchedule = (reader, readValue) => ({ base: readValue(reader), bands: reader.vector(16, (r) => readBand(r, readValue)) });

function readPrices(reader) {
  const prices = { consumption: reader.i64(), production: reader.i64() };
  check(isPrice(prices.consumption) && isPrice(prices.production), "a price is out of range");
  return prices;
}

const isPrice = (price) => price >= -PRICE_MAX && price <= PRICE_MAX;

/** Values of a schedule must all be in [least, most]. */
function readRates(reader, what, least = 0n, most = PRICE_MAX) {
  const rates = readSchedule(reader, (r) => r.i64());
  const values = [rates.base, ...rates.bands.map((band) => band.value)];
  check(values.every((value) => value >= least && value <= most), `${what} is out of range`);
  return { ...rates, isZero: values.every((value) => value === 0n) };
}

function readClock(reader) {
  const spans = reader.vector(64, (r) => ({ from: r.u64(), offset: r.i16() }));
  check(spans.length > 0 && spans.every((s, i) => Math.abs(s.offset) <= 900 && (i === 0 || spans[i - 1].from < s.from)),
    "a clock is not valid");
  return spans;
}

export const floorDivide = (value, by) => (value >= 0n ? value / by : (value - by + 1n) / by);

/** Weekday (0 = Monday), minute and number of the local day at a time in milliseconds. */
export function localTime(clock, time) {
  const span = clock.findLast((s) => s.from <= time) ?? clock[0];
  const minutes = time / 60_000n + BigInt(span.offset);
  const day = floorDivide(minutes, 1440n);
  return { weekday: Number((day % 7n + 10n) % 7n), minute: Number(minutes - day * 1440n), day };
}

/** The first band that contains the time counts, else the base. */
export function scheduled(schedule, time, clock) {
  const { weekday, minute } = localTime(clock, time);
  const band = schedule.bands.find((b) => b.weekdays & (1 << weekday) && minute >= b.from && minute < b.to);
  return band === undefined ? schedule.base : band.value;
}

function readTariff(reader) {
  const tariff = { schedule: readSchedule(reader, readPrices) };
  tariff.series = reader.option((r) => {
    const use = { series: r.u8(), sides: r.u8(), surcharge: readPrices(r) };
    check(use.sides >= 1 && use.sides <= 3, "a tariff follows a series on no side");
    return use;
  });
  return tariff;
}

// --- Rules

const MODELS = ["evenSplit", "proRata", "staticKeys", "scheduledKeys", "fullKeys", "preferredPartners", "uniformPrice", "payAsBid", "sharedIncentive"];
const PRICE_RULES = ["communityTariffs", "midMarketRate", "supplyDemandRatio", "billSharing", "byModel"];

function choice(reader, list, what) {
  const value = reader.uleb(2 ** 32 - 1);
  check(value < list.length, `the rules have an unknown ${what}`);
  return list[value];
}

function readModel(reader) {
  const model = { name: choice(reader, MODELS, "model"), incentive: null };
  if (model.name === "preferredPartners") tag(reader, ["evenSplit", "proRata", "staticKeys"], "a model");
  if (model.name === "sharedIncentive") model.incentive = readRates(reader, "an incentive");
  return model;
}

export function readRules(reader) {
  check(reader.u16() === 2, "the rules have an unknown format");
  const rules = { name: reader.string(64), currency: reader.string(3), minutes: RESOLUTIONS[tag(reader, RESOLUTIONS, "a period")] };
  rules.model = readModel(reader);
  rules.priceRule = choice(reader, PRICE_RULES, "price rule");
  rules.community = rules.priceRule === "communityTariffs" ? readSchedule(reader, readPrices) : null;
  rules.grid = readTariff(reader);
  rules.series = reader.vector(4, (r) => ({ name: r.string(32), oracle: r.string(64) }));
  rules.gridFee = readRates(reader, "a grid fee");
  rules.fundLevy = readRates(reader, "a fund levy");
  rules.halfEven = tag(reader, ["halfUp", "halfEven"], "rounding") === 1;
  rules.clock = readClock(reader);
  rules.activeMembersMin = reader.u16();
  rules.deadlineHours = reader.u16();
  rules.correctionDays = reader.u16();
  rules.listsBatches = reader.flag();
  rules.attesters = reader.vector(32, (r) => r.blob(64));
  rules.threshold = reader.u16();
  check(ascends(rules.attesters), "the rules' attesters are not in order");
  check(rules.attesters.length === 0 || rules.threshold <= rules.attesters.length, "the rules ask for too many attestations");
  checkRules(rules);
  return rules;
}

function checkRules(rules) {
  const setsPrice = ["uniformPrice", "payAsBid", "sharedIncentive"].includes(rules.model.name);
  const follows = rules.grid.series?.series ?? -1;
  check(/^[A-Z]{3}$/.test(rules.currency) && rules.name.length > 0 && rules.activeMembersMin >= 2
    && rules.deadlineHours <= 24 * 366 && rules.correctionDays <= 3660 && setsPrice === (rules.priceRule === "byModel")
    && follows < rules.series.length && rules.series.every((s) => s.name !== "" && s.oracle !== ""), "the rules are not valid");
}

/** Whether lines have charges: a grid fee, a levy or an incentive. */
export const hasCharges = (rules) => rules.model.incentive !== null || !rules.gridFee.isZero || !rules.fundLevy.isZero;

// --- Records of the chain

export function readHead(reader) {
  return {
    administrator: reader.string(64), rules: reader.digest(), members: reader.digest(), memberCount: reader.u32(),
    openMemberships: reader.u32(), lastSettled: reader.option((r) => r.u64()),
  };
}

const WHOLE_KEY = 10_000n;

function readSettings(reader) {
  const settings = { tariff: reader.option(readTariff) };
  readRates(reader, "a key", 0n, WHOLE_KEY);
  const keys = reader.vector(32, (r) => [r.u32(), readRates(r, "a key", 0n, WHOLE_KEY)]);
  check(keys.every(([producer], i) => i === 0 || keys[i - 1][0] < producer), "the keys for producers are not in order");
  settings.limits = reader.option((r) => readSchedule(r, readPrices));
  const preferred = reader.vector(32, (r) => [r.u32(), r.i64()]);
  check(preferred.every(([, most]) => most > 0n && most <= ENERGY_MAX) && new Set(preferred.map(([p]) => p)).size === preferred.length,
    "the preferred partners of a member are not valid");
  return settings;
}

function readPlant(reader) {
  const plant = { agent: reader.string(64), owners: reader.vector(64, (r) => ({ member: r.u32(), share: r.u16() })) };
  const sum = plant.owners.reduce((total, owner) => total + owner.share, 0);
  check(plant.agent !== "" && plant.owners.length > 0 && sum <= 10_000
    && plant.owners.every((o, i, all) => o.share > 0 && (i === 0 || all[i - 1].member < o.member)), "a shared plant is not valid");
  return plant;
}

export function readMember(reader) {
  const member = {
    number: reader.u32(), meters: reader.vector(8, (r) => r.u64()), settings: readSettings(reader), plant: reader.option(readPlant),
    holder: reader.digest(), consent: reader.digest(), from: reader.u64(), until: reader.option((r) => r.u64()), amendments: reader.u16(),
  };
  check(member.meters.length > 0 && member.meters.every((m, i, all) => i === 0 || all[i - 1] < m), "a member's meters are not valid");
  check(member.until === null || member.until >= member.from, "a membership ends before it begins");
  return member;
}

export const readChange = (reader) => ({ member: reader.u32(), from: reader.u64(), settings: readSettings(reader) });

/** The settings that hold in a period: the last change that begins at or before it, else those of the admission. */
export const settingsIn = (member, changes, period) => (changes.findLast((change) => change.from <= period) ?? member).settings;

export function readPriceDay(reader) {
  const values = reader.vector(24, (r) => r.option((o) => o.i64()));
  check(values.length === 24, "a day of prices has 24 values");
  return values;
}

export const isActive = (member, period) => member.from <= period && (member.until === null || period < member.until);

const TOTALS = [
  "production", "consumption", "traded", "bought", "sold", "shared", "tradePaid", "tradeEarned", "restPaid", "restEarned", "gridPaid",
  "gridEarned", "gridFees", "levies", "incentivePaid", "incentives", "fund", "rounding",
];

const readTotals = (reader) => Object.fromEntries(TOTALS.map((name) => [name, reader.i64()]));

export function readSettlement(reader) {
  const record = { inputs: reader.digest(), period: reader.u64(), version: reader.u32() };
  record.stage = STAGES[tag(reader, STAGES, "a stage")];
  const kind = reader.uleb(2 ** 32 - 1);
  check(kind < 2, "totals of an unknown kind");
  record.totals = kind === 0 ? readTotals(reader) : null;
  if (kind === 1) reader.digest();
  record.root = reader.digest();
  const counts = { members: reader.u32(), missing: reader.u32(), estimated: reader.u32() };
  return { ...record, ...counts, previous: reader.option((r) => r.digest()) };
}

export function readInputs(reader) {
  return {
    rules: reader.digest(), members: reader.digest(), batchRoot: reader.digest(), batchCount: reader.u32(), salts: reader.digest(),
    previous: reader.digest(), contractVersion: reader.u32(),
  };
}

export function readAnchor(reader) {
  return {
    digest: reader.digest(), root: reader.digest(), count: reader.u32(), from: reader.u64(), to: reader.u64(),
    schema: reader.string(64), owner: reader.string(64), dataSet: reader.string(64),
    supersedes: reader.option((r) => r.digest()), height: reader.u64(),
  };
}

// --- Readings

function readReading(reader) {
  const reading = {
    start: reader.u64(), direction: tag(reader, DIRECTIONS, "a direction"), energy: reader.i64(),
    quality: tag(reader, QUALITIES, "a quality"), revision: reader.u16(), receivedAt: reader.u64(),
  };
  check(reading.energy >= 0n && reading.energy <= ENERGY_MAX && (reading.quality !== 3 || reading.energy === 0n), "a reading is not valid");
  return reading;
}

export const READINGS_SCHEMA = "commonwatt/readings/1";

export function readBatch(reader) {
  const salt = reader.digest();
  check(reader.u16() === 1, "a batch has an unknown format");
  const batch = { meter: reader.u64(), minutes: RESOLUTIONS[tag(reader, RESOLUTIONS, "a resolution")] };
  batch.readings = reader.vector(8192, readReading);
  check(batch.readings.length > 0 && salt.some((byte) => byte !== 0), "a batch is empty or has no salt");
  const grid = BigInt(batch.minutes) * 60_000n;
  batch.readings.forEach((reading, i, all) => {
    const before = all[i - 1];
    check(reading.start % grid === 0n, "a reading starts off the grid of its batch");
    check(!before || before.start < reading.start || (before.start === reading.start && before.direction < reading.direction),
      "the readings of a batch are not in order");
  });
  return batch;
}

// --- Lines and trees

export const CHARGES = ["gridFeeRate", "fundLevyRate", "incentiveRate", "shared", "gridFee", "fundLevy", "incentive"];

/** SHA-256(00, salt, BCS(line)). */
export function leafOf(line, salt) {
  const out = new Writer().raw(line.community).number(line.period, 8).number(line.version, 4).number(line.member, 4);
  for (const name of ["production", "consumption", "received", "given", "bought", "sold"]) out.i64(line[name]);
  for (const name of ["received", "given", "bought", "sold"]) out.i64(line.prices[name]);
  for (const name of ["paidForReceived", "earnedForGiven", "paidForBought", "earnedForSold"]) out.i64(line[name]);
  out.number(QUALITIES.indexOf(line.quality), 1).number(line.charges ? 1 : 0, 1);
  if (line.charges) for (const name of CHARGES) out.i64(line.charges[name]);
  return sha256(Uint8Array.of(0), salt, out.bytes());
}

/** Whether `leaf` is entry `index` of the `count` entries under `root` (RFC 6962, section 2.1). */
export function isUnder(root, leaf, index, count, path) {
  if (index < 0 || index >= count) return false;
  let [digest, position, width] = [leaf, index, count];
  const rest = [...path];
  while (width > 1) {
    if ((position ^ 1) < width) {
      const sibling = rest.shift();
      if (sibling === undefined) return false;
      const pair = position & 1 ? [sibling, digest] : [digest, sibling];
      digest = sha256(Uint8Array.of(1), ...pair);
    }
    position = Math.floor(position / 2);
    width = Math.floor(width / 2) + (width % 2);
  }
  return rest.length === 0 && compare(digest, root) === 0;
}
