import { readFileSync } from "node:fs";
import { homedir } from "node:os";

const name = process.env["INPUT_SUBJECT-NAME"];
const digest = process.env["INPUT_SUBJECT-DIGEST"];
if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
  throw new Error(`no digest: '${digest}'`);
}
const [registry, ...path] = name.split("/");
const { auths } = JSON.parse(readFileSync(`${homedir()}/.docker/config.json`, "utf8"));
const { status } = await fetch(`http://${registry}/v2/${path.join("/")}/manifests/${digest}`, {
  headers: {
    accept: "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
    authorization: `Basic ${auths[registry].auth}`,
  },
});
if (status !== 200) {
  throw new Error(`${name} has no ${digest}: ${status}`);
}
console.log(`attested: ${name}@${digest}`);
