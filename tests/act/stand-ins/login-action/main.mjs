import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";

const { INPUT_REGISTRY: registry, INPUT_USERNAME: username, INPUT_PASSWORD: password } = process.env;
const auth = Buffer.from(`${username}:${password}`).toString("base64");
const { status } = await fetch(`http://${registry}/v2/`, { headers: { authorization: `Basic ${auth}` } });
if (status !== 200) {
  throw new Error(`${registry} refuses the login of ${username}: ${status}`);
}
const directory = `${homedir()}/.docker`;
mkdirSync(directory, { recursive: true });
writeFileSync(`${directory}/config.json`, JSON.stringify({ auths: { [registry]: { auth } } }));
console.log(`logged in: ${registry}`);
