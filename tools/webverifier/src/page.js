// The page: takes two files, checks, shows.
import { hex } from "./bytes.js";
import { loadCurve } from "./curve.js";
import { chart, daysOf, energy, escape, fixed, money } from "./picture.js";
import { openGenesis, verifyStatement } from "./statement.js";

const place = (id) => document.getElementById(id);
const files = { genesis: null, statement: null };
const kilo = (wattHours) => Number(wattHours) / 1000;
const ready = loadCurve(Uint8Array.from(atob(CURVE_WASM), (c) => c.charCodeAt(0)));

function show(id, html) {
  place(id).innerHTML = html;
  place(id).hidden = html === "";
}

function utc(milliseconds) {
  return new Date(Number(milliseconds)).toISOString().replace("T", " ").slice(0, 16) + " UTC";
}

function verdict(result) {
  const element = place("verdict");
  element.className = `verdict ${result.isRight ? "right" : "wrong"}`;
  const failed = result.checks.find((each) => !each.passed);
  const first = failed && `<b>${escape(failed.name)}</b>: ${escape(failed.detail)}`;
  const holds = result.header && `It holds as of block ${result.header.height} of ${utc(result.header.time)}; a later correction would be a new statement.`;
  const notOne = !result.isRight && failed?.name === "statement file" && !failed.detail.includes("was changed");
  show("verdict", result.isRight
    ? `<h2><span class="mark" aria-hidden="true">✓</span>The statement is right</h2><p>${holds}</p>${unsettled(result.statement)}`
    : notOne ? `<h2><span class="mark" aria-hidden="true">✗</span>This file cannot be checked</h2><p>${escape(failed.detail)}. Choose the JSON file of the statement, such as <i>member-7.json</i>, unchanged, and the genesis file of its network.</p>`
    : `<h2><span class="mark" aria-hidden="true">✗</span>The statement is wrong: do not trust it</h2><p>${first}</p>`);
}

/** What of the span is not settled for good, as a banner; nothing when all of it is. */
function unsettled(statement) {
  const provisional = statement.lines.filter((line) => line.stage === "provisional").length;
  const parts = [];
  if (statement.open.length) parts.push(`${statement.open.length} of ${statement.lines.length + statement.open.length} periods are not settled yet`);
  if (provisional) parts.push(`${provisional} are provisional`);
  return parts.length ? `<p class="banner">This span is not final: ${parts.join(", ")}. The amounts are of what is settled.</p>` : "";
}

function checkList({ checks, statement }) {
  const states = { passed: ["✓", "passed"], failed: ["✗", "failed"], open: ["!", "passed, but not final"], skipped: ["–", "not checked"] };
  const state = (each) => each.passed ? (each.name === "all periods" && statement?.open.length ? "open" : "passed")
    : each.detail.startsWith("not checked") ? "skipped" : "failed";
  place("check-list").innerHTML = checks.map((each) => {
    const [mark, word] = states[state(each)];
    return `<li class="${state(each)}"><span class="mark" aria-hidden="true">${mark}</span>`
      + `<span>${escape(each.name)}<span hidden> ${word}</span></span><span class="why">${escape(each.detail)}</span></li>`;
  }).join("");
  place("checks").hidden = false;
}

function month({ statement, rules }) {
  const days = daysOf(statement.lines, rules.clock);
  if (days.length === 0) return show("month", "<h2>No settled period yet</h2>");
  const sums = statement.sums;
  const tile = (value, name) => `<div class="tile"><b>${value}</b><span>${name}</span></div>`;
  const owes = sums.balance < 0n;
  const text = (day) => `${day.full}\nused ${energy(day.consumption)}, made ${energy(day.production)}\nfrom neighbours ${energy(day.received)}, from the grid ${energy(day.bought)}\n`
    + `to neighbours ${energy(day.given)}, to the grid ${energy(day.sold)}\n${day.cost < 0n ? "earned" : "to pay"} ${money(day.cost < 0n ? -day.cost : day.cost, rules.currency)}`;
  const [first, last] = [days[0].full, days[days.length - 1].full];
  show("month", `<div class="row"><h2>${escape(rules.name)}, member ${statement.member}: ${first}${first === last ? "" : ` to ${last}`}</h2><button id="print" type="button">Print</button></div><div class="tiles">`
    + tile(money(owes ? -sums.balance : sums.balance, rules.currency), owes ? "to pay" : "to receive")
    + tile(energy(sums.consumption), "used") + tile(energy(sums.production), "made")
    + tile(energy(sums.received), "from neighbours") + tile(energy(sums.given), "to neighbours") + "</div>"
    + chart("Where the energy came from, and where the surplus went, day by day", "kWh", days, [
      ["own production used", "own", (d) => kilo(d.own)], ["from neighbours", "trade", (d) => kilo(d.received)], ["from the grid", "grid", (d) => kilo(d.bought)],
      ["to neighbours", "give", (d) => -kilo(d.given)], ["to the grid", "sold", (d) => -kilo(d.sold)]], text)
    + chart("What it cost", rules.currency, days, [["to pay (below zero: earned)", "money", (d) => Number(d.cost) / 1e6]], text));
  place("print").onclick = () => window.print();
  const row = (name, d) => [name, ...["production", "consumption", "received", "given", "bought", "sold"].map((field) => fixed(d[field], 3)), money(d.cost, rules.currency)];
  const heads = ["Time", "Made", "Used", "From neighbours", "To neighbours", "Bought", "Sold", "Cost"];
  const cells = (row, tag) => `<tr>${row.map((cell, index) => `<${tag}${tag === "td" ? ` data-head="${heads[index]}"` : ""}>${cell}</${tag}>`).join("")}</tr>`;
  const flagged = days.reduce((sum, day) => sum + day.flagged, 0);
  show("days", `<h2>In numbers</h2><div class="wide"><table><caption>${statement.lines.length} settled periods, energy in kWh${statement.open.length ? `, ${statement.open.length} still open` : ""}${flagged ? `; ${flagged} rest on readings that are missing or not as provided` : ""}</caption><thead>`
    + cells(heads, "th") + "</thead><tbody>"
    + days.map((day) => cells(row(day.full, day), "td")).join("") + "</tbody><tfoot>" + cells(row("Sum", { ...sums, cost: -sums.balance }), "td") + "</tfoot></table></div>");
}

function problem(text) {
  place("verdict").className = "verdict wrong";
  show("verdict", `<h2><span class="mark" aria-hidden="true">✗</span>${escape(text)}</h2>`);
}

async function run() {
  for (const id of ["verdict", "month", "days"]) show(id, "");
  place("checks").hidden = true;
  await ready;
  let genesis = null;
  if (files.genesis) {
    try {
      genesis = openGenesis(files.genesis);
      place("network").innerHTML = `the network now chosen is <i>${escape(genesis.name)}</i>, <code>${hex(genesis.network)}</code>`;
    } catch (error) {
      problem(`This is no genesis file of a Commonwatt network: ${error.message}`);
    }
  }
  if (genesis && files.statement) {
    const result = verifyStatement(files.statement, genesis, Date.now());
    // Nothing of a wrong statement is drawn: its numbers mean nothing.
    if (result.isRight) month(result);
    checkList(result);
    verdict(result);
    document.documentElement.dataset.outcome = JSON.stringify({ isRight: result.isRight, checks: result.checks });
  }
}

async function take(kind, file) {
  if (!file) return;
  files[kind] = new Uint8Array(await file.arrayBuffer());
  place(`${kind}-name`).textContent = file.name;
  place(`drop-${kind}`).classList.add("done");
  await run();
}

for (const kind of ["genesis", "statement"]) {
  const area = place(`drop-${kind}`);
  place(kind).addEventListener("change", (event) => take(kind, event.target.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    area.addEventListener(name, (event) => {
      event.preventDefault();
      area.classList.add("over");
    });
  }
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    take(kind, event.dataTransfer.files[0]);
  });
}
// A file dropped beside the fields must not replace the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
