import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";

const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? "";

const known = ["SOURCE", "TARGETS", "SET"].map((it) => `INPUT_${it}`);
const unknown = Object.keys(process.env).filter((it) => it.startsWith("INPUT_") && !known.includes(it));
if (unknown.length > 0 || input("source") !== ".") {
  throw new Error(`this stand-in does not know ${unknown}, nor a source but "."`);
}

const directory = mkdtempSync(`${process.env.RUNNER_TEMP}/docker-actions-toolkit-`);
const file = `${directory}/bake-metadata-${process.pid}.json`;
const args = ["buildx", "bake", "--metadata-file", file];
for (const set of input("set").split("\n").map((it) => it.trim()).filter(Boolean)) {
  args.push("--set", set);
}
args.push(...input("targets").split(/[\n,]/).map((it) => it.trim()).filter(Boolean));
console.log(`docker ${args.join(" ")}`);
execFileSync("docker", args, { stdio: ["ignore", "inherit", "inherit"] });
for (const [target, { "containerimage.digest": digest }] of Object.entries(JSON.parse(readFileSync(file, "utf8")))) {
  if (digest) {
    console.log(`built: ${target}, ${digest}`);
  }
}
