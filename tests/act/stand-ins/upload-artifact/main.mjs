import { cpSync, existsSync, globSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";

const { INPUT_NAME: name, INPUT_PATH: pattern } = process.env;
if (/["<>|*?:\r\n\\/]/.test(name)) {
  throw new Error(`the artifact name is not valid: ${name}`);
}
const files = globSync(pattern);
if (files.length === 0) {
  throw new Error(`no files were found with the provided path: ${pattern}`);
}
const artifact = join(homedir(), "artifacts", name);
if (existsSync(artifact)) {
  throw new Error(`an artifact with this name already exists on the workflow run: ${name}`);
}
if (process.env.LOSE_ARTIFACT === name) {
  console.log(`lost: ${name}`);
} else {
  // What comes behind the directory before the first wildcard is kept.
  const root = dirname(pattern.replace(/[*?[].*$/s, "x"));
  for (const file of files) {
    cpSync(file, join(artifact, relative(root, file)));
    console.log(`uploaded: ${name}, with ${relative(root, file)}`);
  }
}
