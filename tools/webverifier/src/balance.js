// From reading batches to the balance of one member in one period, as the settlement has it.
import { Wrong, check } from "./bytes.js";

const AT_GRID = 0b0011;
const isProduction = (direction) => direction === 1 || direction === 3;

/** Sums over one meter's readings in [start, end): every slot of every register seen must have one, the highest revision counts. */
function meterSums(meter, batches, start, end, minutes) {
  let [directions, resolution] = [0, null];
  const readings = [];
  for (const batch of batches.filter((b) => b.meter === meter)) {
    check(batch.minutes <= minutes && (resolution === null || resolution === batch.minutes), `meter ${meter} has readings that are too coarse`);
    resolution = batch.minutes;
    for (const reading of batch.readings) directions |= 1 << reading.direction;
    const inside = batch.readings.filter((r) => r.start >= start && r.start < end);
    check(inside.length > 0, `a batch of meter ${meter} has nothing to do with the period`);
    readings.push(...inside);
  }
  check((directions & AT_GRID) === 0 || (directions & ~AT_GRID) === 0, `meter ${meter} is read at the grid and behind it`);
  const sums = { production: 0n, consumption: 0n, quality: 0 };
  if (resolution === null) return { ...sums, quality: 3 };
  const latest = new Map();
  // Every revision, also one that a higher one has replaced already: batches come in any order.
  const values = new Map();
  for (const reading of readings) {
    const slot = `${reading.start}/${reading.direction}`;
    const revision = `${slot}/${reading.revision}`;
    const same = values.get(revision) ?? reading;
    if (same.energy !== reading.energy || same.quality !== reading.quality) {
      throw new Wrong(`meter ${meter} has two values of one revision`);
    }
    values.set(revision, reading);
    const other = latest.get(slot);
    if (!other || reading.revision >= other.revision) latest.set(slot, reading);
  }
  const registers = [0, 1, 2, 3].filter((d) => directions & (1 << d)).length;
  if (latest.size < (minutes / resolution) * registers) sums.quality = 3;
  for (const reading of latest.values()) {
    sums.quality = Math.max(sums.quality, reading.quality);
    if (isProduction(reading.direction)) sums.production += reading.energy;
    else sums.consumption += reading.energy;
  }
  return sums;
}

export function balanceOf(member, batches, start, minutes) {
  const end = start + BigInt(minutes) * 60_000n;
  const balance = { production: 0n, consumption: 0n, quality: 0 };
  for (const meter of member.meters) {
    const sums = meterSums(meter, batches, start, end, minutes);
    balance.production += sums.production;
    balance.consumption += sums.consumption;
    balance.quality = Math.max(balance.quality, sums.quality);
  }
  return balance;
}
