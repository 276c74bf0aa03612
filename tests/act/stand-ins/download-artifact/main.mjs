import { cpSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, matchesGlob } from "node:path";

const { INPUT_PATH: path, INPUT_PATTERN: pattern } = process.env;
const artifacts = join(homedir(), "artifacts");
for (const name of readdirSync(artifacts).filter((it) => matchesGlob(it, pattern))) {
  cpSync(join(artifacts, name), join(path, name), { recursive: true });
  console.log(`downloaded: ${name}`);
}
