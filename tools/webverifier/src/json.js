// JSON with whole numbers of 64 bits, and the one form in which statements are written (docs/formats/statement.md).
import { Wrong, check, text } from "./bytes.js";

const DEPTH_MAX = 16;

/** Objects, arrays, strings, BigInt, booleans and null. Refuses fractions, exponents and names that come twice. */
export function parseJSON(bytes) {
  const source = text(bytes);
  let at = 0;

  function fail() {
    throw new Wrong(`the file is no JSON, at character ${at}`);
  }
  function space() {
    while (at < source.length && " \t\n\r".includes(source[at])) at++;
  }
  function string() {
    const match = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    match.lastIndex = at;
    const found = match.exec(source);
    if (!found) fail();
    at += found[0].length;
    return found[0].includes("\\") ? JSON.parse(found[0]) : found[0].slice(1, -1);
  }
  function list(end, item) {
    at++;
    space();
    if (source[at] === end) return void at++;
    for (;;) {
      item();
      space();
      if (source[at] === end) return void at++;
      if (source[at++] !== ",") fail();
    }
  }
  function value(depth) {
    if (depth > DEPTH_MAX) fail();
    space();
    if (source[at] === '"') return string();
    if (source[at] === "[") {
      const items = [];
      list("]", () => items.push(value(depth + 1)));
      return items;
    }
    if (source[at] === "{") {
      const members = Object.create(null);
      list("}", () => {
        space();
        const name = string();
        check(!(name in members), `the name '${name.slice(0, 32)}' comes twice`);
        space();
        if (source[at++] !== ":") fail();
        members[name] = value(depth + 1);
      });
      return members;
    }
    const match = /-?(?:0|[1-9][0-9]{0,19})(?![0-9.eE])|true|false|null/y;
    match.lastIndex = at;
    const found = match.exec(source);
    if (!found) fail();
    at += found[0].length;
    return { true: true, false: false, null: null }[found[0]] ?? (found[0] === "null" ? null : BigInt(found[0]));
  }

  const result = value(0);
  space();
  if (at !== source.length) fail();
  return result;
}

function quoted(string) {
  return JSON.stringify(string);
}

/** Sorted names, two spaces, ` : `; as statement files are written. */
export function writeJSON(value, indent = "") {
  const deeper = indent + "  ";
  if (Array.isArray(value)) {
    if (value.length === 0) return `[\n\n${indent}]`;
    return `[\n${value.map((item) => deeper + writeJSON(item, deeper)).join(",\n")}\n${indent}]`;
  }
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    if (names.length === 0) return `{\n\n${indent}}`;
    const members = names.map((name) => `${deeper}${quoted(name)} : ${writeJSON(value[name], deeper)}`);
    return `{\n${members.join(",\n")}\n${indent}}`;
  }
  return typeof value === "string" ? quoted(value) : String(value);
}

const RANGES = {
  u16: [0n, (1n << 16n) - 1n], u32: [0n, (1n << 32n) - 1n], u64: [0n, (1n << 64n) - 1n],
  i64: [-(1n << 63n), (1n << 63n) - 1n],
};

/** Checks a value against a form: a range's name, "text", [form] for lists, an object of forms; names ending in `?` may lack. */
export function checkForm(value, form, path = "") {
  const place = path || "the file";
  if (form === "text") return check(typeof value === "string", `${place} is no text`);
  if (typeof form === "string") {
    const [least, most] = RANGES[form];
    return check(typeof value === "bigint" && value >= least && value <= most, `${place} is no number of the right size`);
  }
  if (Array.isArray(form)) {
    check(Array.isArray(value), `${place} is no list`);
    return value.forEach((item, index) => checkForm(item, form[0], `${path}[${index}]`));
  }
  check(value !== null && typeof value === "object" && !Array.isArray(value), `${place} is no object`);
  const known = new Set();
  for (const [written, inner] of Object.entries(form)) {
    const name = written.replace(/\?$/, "");
    known.add(name);
    if (written.endsWith("?") && !(name in value)) continue;
    check(name in value, `${place} lacks '${name}'`);
    checkForm(value[name], inner, path ? `${path}.${name}` : name);
  }
  for (const name of Object.keys(value)) check(known.has(name), `${place} has an unknown '${name.slice(0, 32)}'`);
}
