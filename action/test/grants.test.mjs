// What the component may see and do: by pure functions, and by the file system as it is given.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { preopens } from "../filesystem.mjs";
import { directories, environment, inside } from "../grants.mjs";

const follow = { symlinkFollow: true };

test("no token of the runner is handed over", () => {
  const env = {
    ACTIONS_RUNTIME_TOKEN: "t",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "t",
    AWS_SECRET_ACCESS_KEY: "t",
    GITHUB_TOKEN: "t",
    PATH: "/bin",
    GITHUB_OUTPUT: "/o",
    "INPUT_METADATA-FILE": "m.json",
    https_proxy: "p",
    No_Proxy: "n",
    DOCKER_AUTH_CONFIG: "{}",
    DOCKER_METADATA_OUTPUT_JSON: "{}",
    DOCKER_METADATA_OUTPUT_TAGS: "t",
  };
  const names = Object.keys(environment(env, false));
  assert.deepEqual(names, [
    "GITHUB_OUTPUT",
    "INPUT_METADATA-FILE",
    "https_proxy",
    "No_Proxy",
    "DOCKER_AUTH_CONFIG",
    "DOCKER_METADATA_OUTPUT_JSON",
  ]);
});

test("paths of Windows are written as WASI knows them", () => {
  assert.equal(inside("D:\\a\\b.json", true), "/D:/a/b.json");
  assert.equal(inside("a\\b.json\nC:\\c.json", true), "a/b.json\n/C:/c.json");
  assert.equal(inside("/a/b\\c", false), "/a/b\\c");
  const env = { USERPROFILE: "C:\\Users\\me", "INPUT_CA-FILE": "C:\\ca.pem", INPUT_TAGS: "a\\b" };
  assert.deepEqual(environment(env, true), {
    HOME: "/C:/Users/me",
    "INPUT_CA-FILE": "/C:/ca.pem",
    INPUT_TAGS: "a\\b",
  });
});

test("the root of the file system is not granted, whatever names something in it", () => {
  const env = { "INPUT_CA-FILE": "/ca.pem", "INPUT_METADATA-FILE": "/*.json", "INPUT_REPORT-FILE": "/report.json" };
  const args = ["check", "--registry", "/r.io", "--report=/report.json"];
  const granted = directories(env, args, process.cwd(), []);
  assert.deepEqual(
    granted.map(([name]) => name),
    [".", process.cwd()],
  );
});

test("directories are granted for what is named, and files for the runner's two", (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "grants-")));
  t.after(() => rmSync(root, { recursive: true }));
  for (const name of ["work", "home/.docker", "temp/commands", "ca", "certs", "out"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const at = (name) => join(root, name);
  const env = {
    HOME: at("home"),
    RUNNER_TEMP: at("temp"),
    GITHUB_OUTPUT: at("temp/commands/output"),
    GITHUB_STEP_SUMMARY: at("temp/commands/summary"),
    "INPUT_METADATA-FILE": `${at("temp/build-*.json")}, none/here.json`,
    INPUT_CA_FILE: at("ca/ca.pem"),
    "INPUT_REPORT-FILE": at("out/report.json"),
  };
  const granted = directories(env, ["action"], at("work"), [at("certs"), at("none")]);
  assert.deepEqual(
    granted.map(([name, , access]) => [name.replace(root, ""), access]),
    [
      [".", "write"],
      ["/home/.docker", "read"],
      ["/temp", "read"],
      ["/certs", "read"],
      ["/ca", "read"],
      ["/out", "write"],
      ["/work", "write"],
      ["/temp/commands", ["output", "summary"]],
    ],
  );
});

test("what may be read may not be written, and of a list of names no other exists", (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "grants-")));
  t.after(() => rmSync(root, { recursive: true }));
  for (const name of ["env", "output"]) {
    writeFileSync(join(root, name), "old");
  }
  const [[read], [write], [listed], [made]] = preopens(
    [
      ["/read", root, "read"],
      ["/write", root, "write"],
      ["/listed", root, ["output"]],
    ],
    "/made",
    (path) => (path === "answer" ? "42" : undefined),
  );
  const writing = { write: true, mutateDirectory: true };
  const creates = { create: true };
  assert.throws(() => read.openAt(follow, "env", {}, writing), is("read-only"));
  assert.throws(() => read.openAt(follow, "new", creates, { read: true }), is("read-only"));
  assert.throws(() => read.unlinkFileAt("env"), is("read-only"));
  assert.throws(() => read.renameAt("env", write, "moved"), is("read-only"));
  assert.throws(() => write.renameAt("env", read, "moved"), is("read-only"));
  assert.throws(() => listed.openAt(follow, "env", {}, { read: true }), is("no-entry"));
  assert.throws(() => listed.openAt(follow, "./env", {}, { read: true }), is("no-entry"));
  assert.throws(() => listed.statAt(follow, "env"), is("no-entry"));
  assert.throws(() => listed.unlinkFileAt("output"), is("read-only"));

  listed.openAt(follow, "output", {}, writing).write(Buffer.from("new"), 0n);
  assert.equal(readFileSync(join(root, "output"), "utf8"), "new");
  const answer = made.openAt(follow, "answer", {}, { read: true });
  assert.equal(Buffer.from(answer.readViaStream(0n).blockingRead(9n)).toString(), "42");
  assert.throws(() => made.openAt(follow, "other", {}, { read: true }), is("no-entry"));
});

/** The shim throws error codes, which are plain strings. */
function is(code) {
  return (error) => error === code;
}
