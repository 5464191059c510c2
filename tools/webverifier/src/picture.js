// The month as a picture: bars a day, in SVG, with the numbers in each bar's title. Only for what was checked.
import { localTime } from "./formats.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [900, 220, 56, 26, 12];

export const escape = (value) =>
  String(value).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** An integer in units of 10^-digits with a decimal point and thousands separated by narrow spaces. */
export function fixed(value, digits) {
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return (value < 0n ? "−" : "") + whole + (digits ? "." + text.slice(text.length - digits) : "");
}

export const energy = (wattHours) => `${fixed(wattHours, 3)} kWh`;

/** Micro-units as money with two decimals, rounded half away from zero. */
export function money(micro, currency) {
  const size = micro < 0n ? -micro : micro;
  const cents = (size + 5000n) / 10000n;
  return `${fixed(micro < 0n ? -cents : cents, 2)} ${currency}`;
}

const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** A day number since 1970 as a date. */
export function dateOf(day) {
  const date = new Date(Number(day) * 86_400_000);
  return { short: `${date.getUTCDate()} ${months[date.getUTCMonth()].slice(0, 3)}`, full: `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}` };
}

/** Sums by day of the community's clock, in order; by period when there are at most two days. `short` and `full` name each. */
export function daysOf(lines, clock) {
  const isShort = new Set(lines.map((line) => localTime(clock, line.start).day)).size <= 2;
  const days = new Map();
  for (const line of lines) {
    const { day: date, minute } = localTime(clock, line.start);
    const day = isShort ? line.start : date;
    const time = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
    const { short, full } = dateOf(date);
    const names = isShort ? { short: time, full: `${full}, ${time}` } : { short, full };
    const sum = days.get(day) ?? { day, ...names, own: 0n, received: 0n, bought: 0n, given: 0n, sold: 0n, production: 0n, consumption: 0n, cost: 0n, flagged: 0 };
    const surplus = line.given + line.sold;
    sum.own += line.production - surplus;
    for (const name of ["received", "bought", "given", "sold", "production", "consumption"]) sum[name] += line[name];
    sum.cost += line.paidForReceived + line.paidForBought - line.earnedForGiven - line.earnedForSold;
    if (line.charges) sum.cost += line.charges.gridFee + line.charges.fundLevy - line.charges.incentive;
    if (line.quality !== "asProvided") sum.flagged++;
    days.set(day, sum);
  }
  return [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw > 0 ? raw : 1));
  return ([1, 2, 5, 10].find((n) => n * power >= raw) ?? 10) * power;
}

/** `stacks`: [name, colour, value(day) as number, above or below zero]. */
export function chart(title, unit, days, stacks, label) {
  const heights = days.map((day) => {
    let [up, down] = [0, 0];
    for (const [, , value] of stacks) {
      const size = value(day);
      if (size > 0) up += size;
      else down += size;
    }
    return [up, down];
  });
  const most = Math.max(0, ...heights.map((h) => h[0]));
  const least = Math.min(0, ...heights.map((h) => h[1]));
  const step = niceStep((most - least) / 4 || 1);
  const [top, bottom] = [Math.ceil(most / step) * step || step, Math.floor(least / step) * step];
  const y = (value) => TOP + ((top - value) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const width = (WIDTH - LEFT - 8) / Math.max(days.length, 7);
  let out = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}"><title>${escape(title)}</title>`;
  for (let tick = bottom; tick <= top + step / 2; tick += step) {
    out += `<line class="rule" x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/>`
      + `<text x="${LEFT - 6}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${Number(tick.toPrecision(6))}</text>`;
  }
  out += `<text x="${LEFT - 6}" y="${HEIGHT - 6}" text-anchor="end">${escape(unit)}</text>`;
  const every = Math.ceil(days.length / 12);
  days.forEach((day, index) => {
    const x = LEFT + index * width + width * 0.14;
    let [up, down] = [0, 0];
    out += `<g><title>${escape(label(day))}</title>`;
    for (const [, colour, value] of stacks) {
      const size = value(day);
      const [from, to] = size >= 0 ? [up, (up += size)] : [down, (down += size)];
      const [high, low] = [Math.min(y(from), y(to)), Math.max(y(from), y(to))];
      if (low - high > 0) out += `<rect class="c-${colour}" x="${x.toFixed(1)}" width="${(width * 0.72).toFixed(1)}" y="${high.toFixed(1)}" height="${(low - high).toFixed(1)}"/>`;
    }
    out += "</g>";
    if (index % every === 0) out += `<text x="${(x + width * 0.36).toFixed(1)}" y="${HEIGHT - 6}" text-anchor="middle">${day.short}</text>`;
  });
  const legend = stacks.map(([name, colour]) => `<li><i class="k-${colour}"></i>${escape(name)}</li>`).join("");
  return `<p class="scrolls">The chart goes on to the right.</p><div class="chart">${out}</svg></div><ul class="legend">${legend}</ul>`;
}
