// Makes a component smaller: `node optimize.mjs COMPONENT`. Its core module goes through Binaryen,
// all else stays as it is. The same component gives the same bytes.
import binaryen from "binaryen";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

const file = process.argv[2];
const component = readFileSync(file);

/** An unsigned LEB128 number at an offset, and where it ends. */
function number(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      return [value, at];
    }
  }
}

function encoded(value) {
  const bytes = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return Buffer.from(bytes);
}

/** The sections of a component: an identifier each, and the bytes. A module in it has the number 1. */
function* sections(bytes) {
  for (let at = 8; at < bytes.length; ) {
    const [size, start] = number(bytes, at + 1);
    yield { id: bytes[at], content: bytes.subarray(start, start + size) };
    at = start + size;
  }
}

function smaller(bytes) {
  const module = binaryen.readBinary(bytes);
  const { MutableGlobals, SignExt, NontrappingFPToInt, BulkMemory, BulkMemoryOpt, ReferenceTypes, Multivalue } =
    binaryen.Features;
  // What Rust's target uses, and so what its hosts know.
  module.setFeatures(
    MutableGlobals | SignExt | NontrappingFPToInt | BulkMemory | (BulkMemoryOpt ?? 0) | ReferenceTypes | Multivalue,
  );
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  module.optimize();
  if (!module.validate()) {
    throw new Error("Binaryen made a module that is not valid");
  }
  const optimized = Buffer.from(module.emitBinary());
  module.dispose();
  return optimized;
}

const CORE = 100_000; // the modules around the core are some kilobytes
const parts = [component.subarray(0, 8)];
for (const { id, content } of sections(component)) {
  const whole = id === 1 && content.length > CORE ? smaller(content) : content;
  parts.push(Buffer.from([id]), encoded(whole.length), whole);
}
writeFileSync(`${file}.part`, Buffer.concat(parts));
renameSync(`${file}.part`, file);
console.log(`${file}: ${component.length} bytes, ${parts.reduce((sum, part) => sum + part.length, 0)} after Binaryen`);
