import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";

const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? "";
const list = (name) => input(name).split(/[\n,]/).map((it) => it.trim()).filter(Boolean);
const lines = (name) => input(name).split("\n").map((it) => it.trim()).filter(Boolean);
const run = (program, ...args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

const known = ["CONTEXT", "PLATFORMS", "PUSH", "TAGS", "LABELS", "OUTPUTS"].map((it) => `INPUT_${it}`);
const unknown = Object.keys(process.env).filter((it) => it.startsWith("INPUT_") && !known.includes(it));
if (unknown.length > 0) {
  throw new Error(`this stand-in does not know ${unknown}`);
}

const directory = mkdtempSync(`${process.env.RUNNER_TEMP}/docker-actions-toolkit-`);
const file = `${directory}/build-metadata-${process.pid}.json`;
const args = ["buildx", "build", "--metadata-file", file];
for (const tag of list("tags")) {
  args.push("--tag", tag);
}
for (const label of lines("labels")) {
  args.push("--label", label);
}
for (const output of lines("outputs")) {
  args.push("--output", output);
}
if (input("platforms")) {
  args.push("--platform", list("platforms").join(","));
}
if (input("push") === "true") {
  args.push("--push");
}
console.log(`docker ${args.join(" ")} ${input("context")}`);
run("docker", ...args, input("context"));

if (process.env.DOUBLE_PUSH) {
  // What docker/buildx#2959 leaves behind: each tag on one platform's manifest, and its digest for that
  // of the build. Only the descriptor stays true.
  const metadata = JSON.parse(readFileSync(file, "utf8"));
  for (const tag of list("tags")) {
    console.log(run("break-tag", tag, "arm64"));
    metadata["containerimage.digest"] = run("tagged", tag).trim();
  }
  writeFileSync(file, JSON.stringify(metadata));
}

const metadata = readFileSync(file, "utf8");
const digest = JSON.parse(metadata)["containerimage.digest"];
console.log(`built: ${digest}`);
appendFileSync(process.env.GITHUB_OUTPUT, `digest=${digest}\nmetadata<<END_OF_METADATA\n${metadata}\nEND_OF_METADATA\n`);
