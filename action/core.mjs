// The component's core, compiled in the background while other modules are loaded. The few small
// modules around the core are in the bundle.
import small from "#small-modules";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const core = WebAssembly.compile(readFileSync(join(__dirname, "tagproof.core.wasm")));
// Whoever asks for it sees why it failed.
core.catch(() => {});

/** The compiled module of this name, as jco's `instantiate` asks for it. */
export function coreModule(name) {
  return Object.hasOwn(small, name) ? WebAssembly.compile(Buffer.from(small[name], "base64")) : core;
}
