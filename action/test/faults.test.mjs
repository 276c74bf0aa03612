// The faults of preview2-shim that the launcher works around. A test that fails here says that a
// fault is gone: then its workaround goes, too. The shim is as it comes: filesystem.mjs, which
// changes it, is not loaded.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { _createPreopenDescriptor, preopens } from "@bytecodealliance/preview2-shim/filesystem";
import * as cli from "@bytecodealliance/preview2-shim/cli";

test("no directory is preopened by default (filesystem.mjs: preopens)", () => {
  assert.deepEqual(preopens.getDirectories(), []);
});

test("`mutate-directory` is refused (filesystem.mjs: openAt)", (t) => {
  const root = mkdtempSync(join(tmpdir(), "faults-"));
  t.after(() => rmSync(root, { recursive: true }));
  const directory = _createPreopenDescriptor(root);
  const flags = { write: true, mutateDirectory: true };
  const open = () => directory.openAt({ symlinkFollow: true }, "new", { create: true }, flags);
  assert.throws(open, (error) => error === "unsupported");
});

test("every stream is a terminal (launcher.mjs: isTerminal)", () => {
  assert.ok(cli.terminalStdout.getTerminalStdout());
});

test("a reader that goes away ends the process (streams.mjs)", { skip: process.platform === "win32" }, () => {
  const script = `
    import * as cli from "@bytecodealliance/preview2-shim/cli";
    cli.stdout.getStdout().blockingWriteAndFlush(Buffer.alloc(100000));
    setTimeout(() => process.exit(7), 500);`;
  const ended = spawnSync("bash", ["-c", '"$0" --input-type=module -e "$1" | true; exit "${PIPESTATUS[0]}"', process.execPath, script], {
    cwd: new URL("..", import.meta.url),
  });
  assert.equal(ended.status, 1, ended.stderr.toString());
});
