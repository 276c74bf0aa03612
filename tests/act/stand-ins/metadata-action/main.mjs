import { appendFileSync } from "node:fs";

const lines = (name) => (process.env[`INPUT_${name}`] ?? "").split("\n").map((it) => it.trim()).filter(Boolean);

const known = ["INPUT_IMAGES", "INPUT_TAGS"];
const unknown = Object.keys(process.env).filter((it) => it.startsWith("INPUT_") && !known.includes(it));
const { GITHUB_REF: ref, GITHUB_REF_NAME: name, GITHUB_SHA: revision } = process.env;
const semver = /^v(\d+)\.(\d+)\.(\d+)$/.exec(name);
if (unknown.length > 0 || ref !== `refs/tags/${name}` || !semver) {
  throw new Error(`this stand-in does not know ${unknown}, nor the ref ${ref}`);
}
const version = name.slice(1);
const names = {
  "type=ref,event=tag": [name],
  // With it comes `latest`, where nobody says otherwise.
  "type=semver,pattern={{version}}": [version, "latest"],
  "type=semver,pattern={{major}}.{{minor}}": [`${semver[1]}.${semver[2]}`],
};
const tags = lines("TAGS").flatMap((rule) => {
  if (!names[rule]) {
    throw new Error(`this stand-in does not know ${rule}`);
  }
  return names[rule];
});
const described = {
  "org.opencontainers.image.created": new Date().toISOString(),
  "org.opencontainers.image.revision": revision,
  "org.opencontainers.image.source": "https://github.com/acme/app",
  "org.opencontainers.image.title": "app",
  "org.opencontainers.image.version": tags[0],
};
const said = {
  tags: lines("IMAGES").flatMap((image) => tags.map((tag) => `${image}:${tag}`)),
  "tag-names": tags,
  labels: described,
  annotations: (process.env.DOCKER_METADATA_ANNOTATIONS_LEVELS ?? "manifest")
    .split(",")
    .flatMap((level) => Object.entries(described).map(([key, value]) => `${level}:${key}=${value}`)),
};
console.log(`said: ${JSON.stringify(said)}`);
const block = (key, value) => `${key}<<END_OF_${key}\n${value}\nEND_OF_${key}\n`;
const labels = Object.entries(described).map(([key, value]) => `${key}=${value}`);
appendFileSync(process.env.GITHUB_OUTPUT, block("tags", said.tags.join("\n")) + block("labels", labels.join("\n")));
appendFileSync(process.env.GITHUB_ENV, block("DOCKER_METADATA_OUTPUT_JSON", JSON.stringify(said)));
