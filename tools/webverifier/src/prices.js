// Prices and amounts of a line, as far as a member can recompute them (VerifiablePrices of the contract).
import { check } from "./bytes.js";
import { floorDivide, hasCharges, scheduled } from "./formats.js";

const PRICE_MAX_EITHER = 1_000_000_000n;

function bounded(prices) {
  for (const price of Object.values(prices)) {
    check(price >= -PRICE_MAX_EITHER && price <= PRICE_MAX_EITHER, "a price is beyond what a price may be");
  }
  return prices;
}

/** price * energy / 1000, rounded to a whole micro-unit. */
export function amount(energy, price, halfEven) {
  const product = price * energy;
  const floor = floorDivide(product, 1000n);
  const rest = product - floor * 1000n;
  const up = halfEven ? rest > 500n || (rest === 500n && (floor & 1n) === 1n) : rest >= 500n;
  return up ? floor + 1n : floor;
}

/** Retail and feed-in of a tariff; `values` are those of the rules' series for the hour, null where none was published. */
function tariffPrices(tariff, start, rules, values) {
  const own = scheduled(tariff.schedule, start, rules.clock);
  const use = tariff.series;
  const value = use === null ? null : values[use.series] ?? null;
  if (value === null) return own;
  return bounded({
    consumption: use.sides & 1 ? value + use.surcharge.consumption : own.consumption,
    production: use.sides & 2 ? value + use.surcharge.production : own.production,
  });
}

/** Prices of the supply-demand ratio; S, D and T are surplus, demand and traded energy. */
function ratioPrices({ surplus, demand, traded }, reference) {
  const [b, f] = [reference.consumption, reference.production];
  let production = f;
  if (surplus < demand && f > 0n && b >= f) production = (b * f * demand) / ((b - f) * surplus + f * demand);
  if (demand === 0n) return { consumption: f, production: f };
  const cost = production * surplus + b * (demand - traded) - f * (surplus - traded);
  return bounded({ consumption: floorDivide(cost, demand), production });
}

function billPrices({ surplus, demand, traded }, reference, halfEven) {
  const mean = (money, energy) => (energy > 0n ? floorDivide(money * 1000n, energy) : 0n);
  return {
    consumption: mean(amount(demand - traded, reference.consumption, halfEven), demand),
    production: mean(amount(surplus - traded, reference.production, halfEven), surplus),
  };
}

/** What must be c and p (`inside`) and b and f (`grid`) of a line; null where they rest on what only the attesters saw. */
export function verifiablePrices(rules, settings, start, totals, values) {
  const reference = tariffPrices(rules.grid, start, rules, values);
  const own = tariffPrices(settings.tariff ?? rules.grid, start, rules, values);
  const volumes = totals && { surplus: totals.traded + totals.sold, demand: totals.traded + totals.bought, traded: totals.traded };
  switch (rules.priceRule) {
    case "communityTariffs": return { inside: scheduled(rules.community, start, rules.clock), grid: own };
    case "midMarketRate": {
      const middle = floorDivide(reference.consumption + reference.production, 2n);
      return { inside: { consumption: middle, production: middle }, grid: own };
    }
    case "supplyDemandRatio": {
      const pair = volumes && ratioPrices(volumes, reference);
      return { inside: pair, grid: pair };
    }
    case "billSharing": return { inside: volumes && billPrices(volumes, reference, rules.halfEven), grid: reference };
  }
  if (rules.model.name === "payAsBid") return { inside: settings.limits ? scheduled(settings.limits, start, rules.clock) : own, grid: own };
  if (rules.model.name === "sharedIncentive") return { inside: { consumption: 0n, production: 0n }, grid: own };
  return { inside: null, grid: own };
}

/** The rates of a period, null when the rules have none. */
export function chargeRates(rules, start) {
  if (!hasCharges(rules)) return null;
  return {
    gridFeeRate: scheduled(rules.gridFee, start, rules.clock), fundLevyRate: scheduled(rules.fundLevy, start, rules.clock),
    incentiveRate: rules.model.incentive ? scheduled(rules.model.incentive, start, rules.clock) : 0n,
  };
}

/** Whether energy and money of a line follow from its balance and its prices. */
export function isPriced(line, rules) {
  const most = (value) => (value > 0n ? value : 0n);
  const priced = (energy, price) => amount(energy, price, rules.halfEven);
  const net = line.production - line.consumption;
  if ([line.received, line.given, line.bought, line.sold].some((energy) => energy < 0n)) return false;
  if (line.bought !== most(-net) - line.received || line.sold !== most(net) - line.given) return false;
  const shared = rules.priceRule === "billSharing";
  if (line.paidForReceived !== (shared ? 0n : priced(line.received, line.prices.received))) return false;
  if (line.earnedForGiven !== (shared ? 0n : priced(line.given, line.prices.given))) return false;
  if (!shared && line.paidForBought !== priced(line.bought, line.prices.bought)) return false;
  if (!shared && line.earnedForSold !== priced(line.sold, line.prices.sold)) return false;
  const charges = line.charges;
  return !charges || (charges.gridFee === priced(line.received, charges.gridFeeRate)
    && charges.fundLevy === priced(line.received + charges.shared, charges.fundLevyRate)
    && charges.incentive === priced(charges.shared, charges.incentiveRate));
}
