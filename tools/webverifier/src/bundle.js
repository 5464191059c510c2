// Proof bundles and the genesis: docs/formats/proof-bundle.md.
import { Reader, Writer, ascends, bytesOf, check, concat, decode, equal, hex, text, unhex } from "./bytes.js";
import { isKey, isSignature, sha256 } from "./curve.js";
import { parseCommitment, proves } from "./ics23.js";

const CLOCK_SKEW_MILLISECONDS_MAX = 60_000n;
const BUNDLE_BYTES_MAX = 8 * 1024 * 1024;
const KINDS = ["notarize", "nullify", "finalize"];
const HEADER_FIELDS = [
  ["network", 0], ["height", 8], ["view", 8], ["epoch", 8], ["parent", 0], ["parentView", 8], ["time", 8], ["proposer", 2],
  ["transactionsRoot", 0], ["stateRoot", 0], ["receiptsRoot", 0], ["validatorSet", 0], ["nextValidatorSet", 0],
]; // name, size in bytes of an integer or 0 for a digest

// --- The forms in JSON

const HEADER_FORM = Object.fromEntries(
  HEADER_FIELDS.map(([name, size]) => [name, { 0: "text", 2: "u16", 8: "u64" }[size]]));
const FINALIZATION_FORM = {
  epoch: "u64", kind: "text", view: "u64", digest: "text", signatures: [{ signer: "u16", signature: "text" }],
};
export const BUNDLE_FORM = {
  format: "text", entries: [{ key: "text", "value?": "text", proof: "text" }], header: HEADER_FORM,
  descendants: [HEADER_FORM], finalization: FINALIZATION_FORM,
  epochEnds: [{
    header: HEADER_FORM, finalization: FINALIZATION_FORM,
    nextValidators: [{ partner: "text", consensusKey: "text", transportKey: "text" }],
  }],
};

function writeHeader(header, out) {
  for (const [name, size] of HEADER_FIELDS) {
    if (size) out.number(header[name], size);
    else out.raw(unhex(header[name], 32));
  }
}

function writeCertificate(certificate, out) {
  const kind = KINDS.indexOf(certificate.kind);
  check(kind >= 0, "a certificate has an unknown kind");
  out.number(certificate.epoch, 8).number(kind, 1).number(certificate.view, 8).raw(unhex(certificate.digest, 32));
  out.vector(certificate.signatures, (entry) => out.number(entry.signer, 2).raw(unhex(entry.signature, 64)));
}

function writeValidator(validator, out) {
  check(validator.consensusKey.startsWith("secp256k1:"), "a consensus key is not of secp256k1");
  out.blob(bytesOf(validator.partner)).uleb(0).raw(unhex(validator.consensusKey.slice(10), 33));
  out.raw(unhex(validator.transportKey, 32));
}

/** BCS of a bundle in JSON, whose form was checked. */
function bundleBytes(document) {
  check(document.format === "commonwatt/proof-bundle/1", "a proof has an unknown format");
  const out = new Writer().number(1, 2);
  out.vector(document.entries, (entry) => {
    out.blob(unhex(entry.key));
    if ("value" in entry) out.number(1, 1).blob(unhex(entry.value));
    else out.number(0, 1);
    out.blob(unhex(entry.proof));
  });
  writeHeader(document.header, out);
  out.vector(document.descendants, (header) => writeHeader(header, out));
  writeCertificate(document.finalization, out);
  out.vector(document.epochEnds, (end) => {
    writeHeader(end.header, out);
    writeCertificate(end.finalization, out);
    out.vector(end.nextValidators, (validator) => writeValidator(validator, out));
  });
  return out.bytes();
}

// --- The forms in BCS

function readHeader(reader) {
  const start = reader.at;
  const header = {};
  for (const [name, size] of HEADER_FIELDS) {
    header[name] = size === 0 ? reader.digest() : size === 8 ? reader.u64() : reader.number(size);
  }
  header.digest = sha256(reader.bytes.subarray(start, reader.at));
  return header;
}

function readCertificate(reader) {
  const certificate = { epoch: reader.u64(), kind: reader.u8() };
  check(certificate.kind < KINDS.length, "a certificate has an unknown kind");
  certificate.view = reader.u64();
  certificate.digest = reader.digest();
  certificate.entries = reader.vector(256, (r) => ({ signer: r.u16(), signature: r.take(64) }));
  return certificate;
}

function readValidators(reader) {
  const start = reader.at;
  const validators = reader.vector(256, (r) => {
    const partner = r.blob(64);
    text(partner);
    check(r.uleb(2 ** 32 - 1) === 0, "a consensus key is not of secp256k1");
    return { partner, key: r.take(33), transport: r.take(32) };
  });
  check(validators.length > 0, "a validator set is empty");
  check(ascends(validators.map((v) => v.partner)), "validators are not in ascending order");
  for (const column of ["key", "transport"]) {
    check(new Set(validators.map((v) => hex(v[column]))).size === validators.length, "two validators share a key");
  }
  check(validators.every((v) => isKey(v.key)), "a consensus key is no point of the curve");
  return {
    digest: sha256(reader.bytes.subarray(start, reader.at)), keys: validators.map((v) => v.key),
    partners: validators.map((v) => text(v.partner)),
    quorum: validators.length - Math.floor((validators.length - 1) / 3),
  };
}

function readBundle(bytes) {
  check(bytes.length <= BUNDLE_BYTES_MAX, "a proof is too large");
  return decode(bytes, (reader) => {
    check(reader.u16() === 1, "a proof has an unknown format");
    return {
      entries: reader.vector(256, (r) => ({
        key: r.blob(256), value: r.option((o) => o.blob(1024)), proof: parseCommitment(r.blob(64 * 1024)),
      })),
      header: readHeader(reader), descendants: reader.vector(64, readHeader), finalization: readCertificate(reader),
      epochEnds: reader.vector(1024, (r) => ({
        header: readHeader(r), finalization: readCertificate(r), next: readValidators(r),
      })),
    };
  });
}

/** Network id, name and first validators of a genesis in BCS. */
export function readGenesis(bytes) {
  return decode(bytes, (reader) => {
    check(reader.u16() === 1, "the genesis file has an unknown format");
    const name = reader.string(32);
    reader.take(8 + 9 * 4 + 8 + 4);
    const validators = readValidators(reader);
    reader.blob(4 * 1024 * 1024);
    return { network: sha256(bytes), name, validators };
  });
}

const PARAMETERS = [
  "delayMilliseconds", "delayMillisecondsMax", "skipAfterViews", "voteWindowViews", "heartbeatMilliseconds",
  "clockSkewMillisecondsMax", "unfinalizedBlocksMax", "blockTransactionsMax", "blockBytesMax",
];

/** BCS of a genesis file in JSON; its `network` must be the digest of all the rest. */
export function genesisBytes(document) {
  const out = new Writer().number(document.formatVersion, 2).blob(bytesOf(document.name)).number(document.time, 8);
  for (const name of PARAMETERS) out.number(document.parameters[name], 4);
  out.number(document.parameters.blockWorkMax, 8).number(document.parameters.scheduledCallsMax, 4);
  out.vector(document.validators, (validator) => writeValidator(validator, out));
  out.blob(unhex(document.application));
  const bytes = out.bytes();
  check(hex(sha256(bytes)) === document.network, "the genesis file was changed, or is not whole: its network id is another one");
  return bytes;
}

// --- Verifying

const VOTE = bytesOf("commonwatt/vote/1");

function finalizes(certificate, header, network, set) {
  check(certificate.kind === 2, "a certificate is not final");
  check(certificate.epoch === header.epoch && equal(certificate.digest, header.digest), "a certificate is of another block");
  const isLast = !equal(header.nextValidatorSet, header.validatorSet);
  check(isLast ? certificate.view >= header.view : certificate.view === header.view, "a certificate is of another view");
  const entries = certificate.entries;
  for (let i = 0; i < entries.length; i++) {
    check(entries[i].signer < set.keys.length && (i === 0 || entries[i - 1].signer < entries[i].signer),
      "the signers of a certificate are not in order");
  }
  check(entries.length >= set.quorum, `a block has ${entries.length} signatures, ${set.quorum} are needed`);
  const out = new Writer().raw(VOTE).raw(network).number(certificate.epoch, 8).number(2, 1);
  const digest = sha256(out.number(certificate.view, 8).raw(certificate.digest).bytes());
  for (const entry of entries) {
    check(isSignature(set.keys[entry.signer], entry.signature, digest), "a validator's signature is wrong");
  }
}

/** Checks a bundle from the genesis; its header and entries. `now` is milliseconds since 1970 as BigInt. */
export function verifyBundle(document, genesis, now) {
  const bundle = readBundle(bundleBytes(document));
  let [epoch, set, height] = [0n, genesis.validators, -1n];
  for (const end of bundle.epochEnds) {
    const header = end.header;
    check(equal(header.network, genesis.network), "a proof is of another network");
    check(header.epoch === epoch && equal(header.validatorSet, set.digest), "the epochs of a proof do not follow each other");
    check(!equal(header.nextValidatorSet, header.validatorSet), "an epoch does not end where a proof says");
    check(header.height > height, "the epochs of a proof do not ascend");
    finalizes(end.finalization, header, genesis.network, set);
    check(equal(end.next.digest, header.nextValidatorSet), "the validators of an epoch are other ones");
    [epoch, set, height] = [epoch + 1n, end.next, header.height];
  }
  const chain = [bundle.header, ...bundle.descendants];
  check(bundle.header.height > height, "a proof's block is below the end of an epoch");
  for (const [index, header] of chain.entries()) {
    check(equal(header.network, genesis.network), "a proof is of another network");
    check(header.epoch === epoch && equal(header.validatorSet, set.digest), "a proof's block is of another epoch");
    if (index > 0) {
      check(equal(header.parent, chain[index - 1].digest) && header.height === chain[index - 1].height + 1n,
        "the blocks of a proof do not follow each other");
    }
    check(index === chain.length - 1 || equal(header.nextValidatorSet, header.validatorSet), "an epoch ends within a proof");
  }
  finalizes(bundle.finalization, chain[chain.length - 1], genesis.network, set);
  check(bundle.header.time <= now + CLOCK_SKEW_MILLISECONDS_MAX, "a proof is from the future, by this machine's clock");
  for (const entry of bundle.entries) {
    check(proves(entry.proof, entry.key, entry.value, bundle.header.stateRoot), `the state does not have ${hex(entry.key)} as the file says`);
  }
  return { header: bundle.header, entries: bundle.entries };
}
