// Proofs of the state: ICS-23 with SmtSpec, as docs/formats/proof-bundle.md has it.
import { Reader, check, compare, equal } from "./bytes.js";
import { sha256 } from "./curve.js";

const PROOF_BYTES_MAX = 64 * 1024;

/** Canonical protobuf: `schema` maps field numbers to "number", "bytes", "message" or "messages". */
function parseMessage(bytes, schema) {
  const reader = new Reader(bytes);
  const fields = {};
  for (const [number, kind] of Object.entries(schema)) {
    fields[number] = { number: 0, bytes: new Uint8Array(0), message: null, messages: [] }[kind];
    if (kind === "messages") fields[number] = [];
  }
  let last = 0;
  while (reader.at < bytes.length) {
    const tag = reader.u8();
    const [field, wire] = [tag >> 3, tag & 7];
    const kind = schema[field];
    check(kind !== undefined && wire === (kind === "number" ? 0 : 2), "a proof has an unknown field");
    check(field > last || (field === last && kind === "messages"), "a proof's fields are out of order");
    last = field;
    const value = wire === 0 ? reader.uleb(2 ** 32 - 1) : reader.blob(PROOF_BYTES_MAX);
    const isDefault = kind === "number" ? value === 0 : value.length === 0;
    check(!isDefault || kind === "message" || kind === "messages", "a proof writes a default value");
    if (kind === "messages") fields[field].push(value);
    else fields[field] = value;
  }
  return fields;
}

function parseExistence(bytes) {
  if (bytes === null) return null;
  const fields = parseMessage(bytes, { 1: "bytes", 2: "bytes", 3: "message", 4: "messages" });
  const leaf = fields[3] === null
    ? null : parseMessage(fields[3], { 1: "number", 2: "number", 3: "number", 4: "number", 5: "bytes" });
  const path = fields[4].map((step) => parseMessage(step, { 1: "number", 2: "bytes", 3: "bytes" }));
  return { key: fields[1], value: fields[2], leaf, path };
}

export function parseCommitment(bytes) {
  const fields = parseMessage(bytes, { 1: "message", 2: "message" });
  if (fields[1] !== null) {
    check(fields[2] === null, "a proof is of two kinds");
    return { exists: parseExistence(fields[1]) };
  }
  check(fields[2] !== null, "a proof is of no known kind");
  const parts = parseMessage(fields[2], { 1: "bytes", 2: "message", 3: "message" });
  return { left: parseExistence(parts[2]), right: parseExistence(parts[3]) };
}

function provesExistence(proof, root) {
  const leaf = proof.leaf;
  if (leaf === null || leaf[1] !== 1 || leaf[2] !== 1 || leaf[3] !== 1 || leaf[4] !== 0 || leaf[5][0] !== 0) return false;
  if (proof.key.length === 0 || proof.value.length === 0 || proof.path.length > 256) return false;
  let digest = sha256(leaf[5], sha256(proof.key), sha256(proof.value));
  for (const step of proof.path) {
    const [prefix, suffix] = [step[2], step[3]];
    if (step[1] !== 1 || prefix.length < 1 || prefix.length > 33 || prefix[0] === 0 || suffix.length % 32) return false;
    digest = sha256(prefix, digest, suffix);
  }
  return equal(digest, root);
}

const isZero = (bytes) => bytes.every((byte) => byte === 0);
const goesLeft = (step) => step[2].length === 1 && step[3].length === 32;
const goesRight = (step) => step[2].length === 33 && step[3].length === 0;
const isLeftMost = (path) => path.every((s) => goesLeft(s) || (goesRight(s) && isZero(s[2].subarray(1))));
const isRightMost = (path) => path.every((s) => goesRight(s) || (goesLeft(s) && isZero(s[3])));

function provesAbsence(left, right, key, root) {
  const hashed = sha256(key);
  if (left === null && right === null) return false;
  if (left !== null && !(provesExistence(left, root) && compare(sha256(left.key), hashed) < 0)) return false;
  if (right !== null && !(provesExistence(right, root) && compare(hashed, sha256(right.key)) < 0)) return false;
  if (left === null) return isLeftMost(right.path);
  if (right === null) return isRightMost(left.path);
  const [leftPath, rightPath] = [[...left.path], [...right.path]];
  while (leftPath.length && rightPath.length) {
    const [a, b] = [leftPath.pop(), rightPath.pop()];
    if (!equal(a[2], b[2]) || !equal(a[3], b[3])) {
      return goesLeft(a) && goesRight(b) && isRightMost(leftPath) && isLeftMost(rightPath);
    }
  }
  return false;
}

/** Whether `proof` shows that `key` has `value` under `root`, or is absent there (null). */
export function proves(proof, key, value, root) {
  if (value === null) return proof.exists === undefined && provesAbsence(proof.left, proof.right, key, root);
  return proof.exists !== undefined && equal(proof.exists.key, key) && equal(proof.exists.value, value)
    && provesExistence(proof.exists, root);
}
