import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";

const { INPUT_REGISTRY: registry, INPUT_USERNAME: username, INPUT_PASSWORD: password } = process.env;
const auth = Buffer.from(`${username}:${password}`).toString("base64");
const { status } = await fetch(`http://${registry}/v2/`, { headers: { authorization: `Basic ${auth}` } });
if (status !== 200) {
  throw new Error(`${registry} refuses the login of ${username}: ${status}`);
}
const directory = `${homedir()}/.docker`;
mkdirSync(directory, { recursive: true });
// Whole or not at all: the job beside this one may be reading it.
writeFileSync(`${directory}/${process.pid}`, JSON.stringify({ auths: { [registry]: { auth } } }));
renameSync(`${directory}/${process.pid}`, `${directory}/config.json`);
console.log(`logged in: ${registry}`);
