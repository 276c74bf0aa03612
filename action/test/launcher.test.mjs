// The launcher as a process; `npm run build` comes first.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A copy of the action, as a checkout of it would be, and what came of a run of it. */
function run(t, { dist, core }, env) {
  const copy = mkdtempSync(join(tmpdir(), "launcher-"));
  t.after(() => rmSync(copy, { recursive: true }));
  mkdirSync(join(copy, "action"));
  cpSync(join(root, "action/main.mjs"), join(copy, "action/main.mjs"));
  if (dist) {
    cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true });
  }
  if (core) {
    writeFileSync(join(copy, "dist/tagproof.core.wasm"), core);
  }
  const ended = spawnSync(process.execPath, [join(copy, "action/main.mjs"), "--version"], { env, cwd: copy });
  return [ended.status, ended.stdout.toString(), ended.stderr.toString()];
}

test("a commit without dist/ fails with one line that says so", (t) => {
  const [status, stdout, stderr] = run(t, {}, {});
  assert.deepEqual([status, stderr], [1, ""]);
  assert.match(stdout, /^::error title=tagproof::this commit has no dist\/.*\n$/);
});

test("the program runs", (t) => {
  const [status, stdout, stderr] = run(t, { dist: true }, {});
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^tagproof \d+\.\d+\.\d+\n$/);
});

test("a crash is one line, and exit code 1", (t) => {
  // A module without what jco expects of it, and no module at all.
  for (const core of [Buffer.from("0061736d01000000", "hex"), Buffer.from("nonsense")]) {
    const here = run(t, { dist: true, core }, {});
    assert.deepEqual(here.slice(0, 2), [1, ""]);
    assert.match(here[2], /^error: tagproof crashed, which is a bug in it: [^\n]+\n$/);
    const [status, stdout, stderr] = run(t, { dist: true, core }, { GITHUB_ACTIONS: "true" });
    assert.deepEqual([status, stderr], [1, ""]);
    assert.match(stdout, /^::error title=tagproof::tagproof crashed, which is a bug in it: [^\n]+\n$/);
  }
});
