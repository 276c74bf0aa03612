// How long one right tag takes on loopback, from the start of the process to its exit: native, and
// the component under wasmtime and under Node. Prints medians; nothing passes or fails by them.
//
//   node bench/start.mjs [RUNS]
//
// TAGPROOF_TEST_PYTHON (a Python with `wasmtime`) and TAGPROOF_TEST_NODE (default: this Node) name
// the hosts, as for the tests. What was not built is left out.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const runs = Number(process.argv[2] ?? 21);
const node = process.env.TAGPROOF_TEST_NODE ?? process.execPath;
const python = process.env.TAGPROOF_TEST_PYTHON;
const component = join(root, "target/component/tagproof.wasm");

const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${"0".repeat(64)}`, size: 2 },
  layers: [],
});
const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
const registry = createServer((_, answer) => {
  answer.writeHead(200, {
    "content-type": "application/vnd.oci.image.manifest.v1+json",
    "content-length": manifest.length,
    "docker-content-digest": digest,
  });
  answer.end(manifest);
});
await new Promise((listening) => registry.listen(0, "127.0.0.1", listening));
const args = ["check", "--settle", "0", "--tag", `127.0.0.1:${registry.address().port}/app:1@${digest}`];

const directory = mkdtempSync(join(tmpdir(), "tagproof-bench-"));
writeFileSync(join(directory, "nothing.cjs"), "");
const cache = join(directory, "cache");

async function time([program, ...given], environment, wanted) {
  const start = performance.now();
  const child = spawn(program, given, {
    cwd: directory,
    env: { HOME: directory, PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.on("data", (data) => (said += data));
  child.stderr.on("data", (data) => (said += data));
  const code = await new Promise((closed) => child.on("close", closed));
  if (code !== 0) {
    throw new Error(`${program} ended with ${code}: ${said}`);
  }
  return wanted ? said.match(wanted)?.[0] : performance.now() - start;
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const launcher = [node, join(root, "action/main.mjs"), ...args];
const cases = [
  ["native", [join(root, "target/release/tagproof"), ...args], {}],
  ["node alone", [node, join(directory, "nothing.cjs")], {}],
  ["node, nothing cached", launcher, { NODE_DISABLE_COMPILE_CACHE: "1" }],
  ["node, compile cache", launcher, { NODE_COMPILE_CACHE: cache }],
  ["wasmtime", [python, join(root, "tests/hosts/wasmtime_host.py"), component, directory, ...args], {}],
].filter(([, command]) => command[0] && (!command[0].includes("/") || existsSync(command[0])));

try {
  // In turns, so that a busy moment of the machine is everyone's.
  const times = cases.map(() => []);
  for (let run = -1; run < runs; run += 1) {
    for (const [nth, [, command, environment]] of cases.entries()) {
      const took = await time(command, environment);
      // The first run only fills the caches.
      if (run >= 0) {
        times[nth].push(took);
      }
    }
  }
  console.log(`one right tag on loopback, median and best of ${runs}, whole process`);
  for (const [nth, [name]] of cases.entries()) {
    const best = Math.min(...times[nth]);
    console.log(`${name.padEnd(22)} ${median(times[nth]).toFixed(1).padStart(7)} ms ${best.toFixed(1).padStart(7)} ms`);
  }
  const phases = { NODE_COMPILE_CACHE: cache, TAGPROOF_LAUNCHER_TIMES: "1" };
  console.log(await time(launcher, phases, /launcher: .*/));
} finally {
  registry.close();
  rmSync(directory, { recursive: true, force: true });
}
