// Bytes, hexadecimal text, and BCS (Binary Canonical Serialization): docs/formats/proof-bundle.md, "Notation".

/** What is wrong, in words for the member. */
export class Wrong extends Error {}

export function check(condition, text) {
  if (!condition) throw new Wrong(text);
}

const DIGITS = "0123456789abcdef";

export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte >> 4] + DIGITS[byte & 15];
  return text;
}

/** Lower-case digits only, so that bytes have one text; `count` bytes when given. */
export function unhex(text, count) {
  check(typeof text === "string" && text.length % 2 === 0 && /^[0-9a-f]*$/.test(text),
    `'${String(text).slice(0, 16)}…' is not lower-case hexadecimal`);
  check(count === undefined || text.length === 2 * count, `'${text.slice(0, 16)}…' is not ${count} bytes`);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (DIGITS.indexOf(text[2 * i]) << 4) | DIGITS.indexOf(text[2 * i + 1]);
  }
  return bytes;
}

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Negative, zero or positive as `left` comes before, is, or comes after `right`. */
export function compare(left, right) {
  const count = Math.min(left.length, right.length);
  for (let i = 0; i < count; i++) if (left[i] !== right[i]) return left[i] - right[i];
  return left.length - right.length;
}

export const equal = (left, right) => compare(left, right) === 0;

/** Bytes of a list ascend, each once. */
export function ascends(list) {
  for (let i = 1; i < list.length; i++) if (compare(list[i - 1], list[i]) >= 0) return false;
  return true;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function text(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Wrong("a text is not UTF-8");
  }
}

export const bytesOf = (string) => new TextEncoder().encode(string);

/** Big-endian bytes of a number, as state keys have them. */
export function bigEndian(value, size) {
  const out = new Uint8Array(size);
  let rest = BigInt(value);
  for (let i = size - 1; i >= 0; i--) {
    out[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return out;
}

/** Reads canonical BCS; refuses everything else. Integers of 8 bytes are BigInt, smaller ones are numbers. */
export class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  take(count) {
    check(this.at + count <= this.bytes.length, `the bytes end too early, at ${this.at}`);
    return this.bytes.subarray(this.at, (this.at += count));
  }
  number(size) {
    let value = 0;
    const part = this.take(size);
    for (let i = size - 1; i >= 0; i--) value = value * 256 + part[i];
    return value;
  }
  u8() { return this.number(1); }
  u16() { return this.number(2); }
  u32() { return this.number(4); }
  u64() { return BigInt(this.number(4)) | (BigInt(this.number(4)) << 32n); }
  i64() { return BigInt.asIntN(64, this.u64()); }
  i16() { return (this.u16() << 16) >> 16; }
  digest() { return this.take(32); }
  uleb(limit) {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        check(shift === 0 || byte !== 0, "a length is not in its shortest form");
        check(value <= limit, `a length is above ${limit}`);
        return value;
      }
    }
    throw new Wrong("a length is too long");
  }
  blob(limit) { return this.take(this.uleb(limit)); }
  string(limit) { return text(this.blob(limit)); }
  flag() {
    const value = this.u8();
    check(value < 2, "a flag is neither 0 nor 1");
    return value === 1;
  }
  option(read) { return this.flag() ? read(this) : null; }
  vector(limit, read) {
    const count = this.uleb(limit);
    const list = [];
    for (let i = 0; i < count; i++) list.push(read(this));
    return list;
  }
  finish() { check(this.at === this.bytes.length, `bytes remain after byte ${this.at}`); }
}

/** A whole value of its bytes. */
export function decode(bytes, read) {
  const reader = new Reader(bytes);
  const value = read(reader);
  reader.finish();
  return value;
}

/** Writes BCS. */
export class Writer {
  constructor() { this.parts = []; }
  raw(bytes) {
    this.parts.push(bytes);
    return this;
  }
  number(value, size) {
    const big = BigInt(value);
    check(big >= 0n && big < 1n << BigInt(8 * size), "a number is missing or out of range");
    return this.raw(bigEndian(big, size).reverse());
  }
  i64(value) {
    check(value >= -(1n << 63n) && value < 1n << 63n, "a number does not fit 64 bits");
    return this.number(BigInt.asUintN(64, value), 8);
  }
  uleb(value) {
    const out = [];
    while (value >= 0x80) {
      out.push((value & 0x7f) | 0x80);
      value = Math.floor(value / 128);
    }
    out.push(value);
    return this.raw(Uint8Array.from(out));
  }
  blob(bytes) { return this.uleb(bytes.length).raw(bytes); }
  vector(list, write) {
    check(Array.isArray(list), "a list is missing");
    this.uleb(list.length);
    for (const item of list) write(item, this);
    return this;
  }
  bytes() { return concat(...this.parts); }
}
