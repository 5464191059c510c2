// The page's checks under node: verify.mjs GENESIS STATEMENT [--now MILLISECONDS], or --list FILE with one JSON array of
// [genesis, statement, now] a line of work. Prints JSON; exit code 1 when a statement is wrong. Needs curve.wasm of build.py.
import { readFileSync } from "node:fs";
import { loadCurve } from "./src/curve.js";
import { openGenesis, verifyStatement } from "./src/statement.js";

const here = new URL(".", import.meta.url);
const wasm = process.env.COMMONWATT_CURVE_WASM ?? new URL("../../.build/webverifier/curve.wasm", here);
await loadCurve(readFileSync(wasm));

function verdict(genesis, statement, now) {
  const result = verifyStatement(new Uint8Array(readFileSync(statement)), openGenesis(new Uint8Array(readFileSync(genesis))), now);
  return { isRight: result.isRight, height: result.header && Number(result.header.height), checks: result.checks };
}

const words = process.argv.slice(2);
if (words[0] === "--list") {
  const work = JSON.parse(readFileSync(words[1], "utf8"));
  console.log(JSON.stringify(work.map(([genesis, statement, now]) => verdict(genesis, statement, now))));
} else {
  const at = words.indexOf("--now");
  const now = at < 0 ? Date.now() : Number(words[at + 1]);
  const result = verdict(words[0], words[1], now);
  console.log(JSON.stringify(result, null, 2));
  process.exitCode = result.isRight ? 0 : 1;
}
