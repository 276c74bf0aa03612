// Makes ../dist from the component: `npm ci && npm run build`. The same component gives the same
// bytes.
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { build } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const component = here(process.env.TAGPROOF_COMPONENT ?? "../target/component/tagproof.wasm");
const work = here("../target/action");
const dist = here("../dist");
const MOST = Math.floor(3.6 * 1024 * 1024);

const { files } = await transpileBytes(readFileSync(component), {
  name: "tagproof",
  instantiation: "async",
  emitTypescriptDeclarations: false,
  namespacedExports: false,
  validLiftingOptimization: true,
});
for (const directory of [work, dist]) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
}

const CORE = "tagproof.core.wasm";
const small = Object.entries(files)
  .filter(([name]) => name.endsWith(".wasm") && name !== CORE)
  .map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]);
writeFileSync(`${dist}/${CORE}`, files[CORE]);
// What jco's code says where JCO_DEBUG is set would be a large part of the bundle.
const quiet = Buffer.from(files["tagproof.js"]).toString().replace(/^(\s*)_debugLog\(/gm, "$1false && _debugLog(");
writeFileSync(`${work}/component.mjs`, quiet);
writeFileSync(`${work}/small.mjs`, `export default ${JSON.stringify(Object.fromEntries(small))};\n`);

// The bundle is CommonJS: Node starts it sooner, and `node:process` and the like stay lazy.
writeFileSync(
  `${work}/url.mjs`,
  `export const bundleUrl = require("node:url").pathToFileURL(__filename).href;\n`,
);

// The worker thread speaks HTTP for `wasi:http`, which the component does not import: loading
// `node:http` would only make the start slower.
const withoutHttp = {
  name: "without-http",
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]worker-http\.js$/ }, async ({ path }) => {
      const names = Object.keys(await import(pathToFileURL(path).href));
      return { contents: names.map((name) => `export function ${name}() { throw "no HTTP"; }`).join("\n") };
    });
  },
};

await build({
  absWorkingDir: here("."),
  entryPoints: {
    launcher: "launcher.mjs",
    "worker-thread.bundle": "node_modules/@bytecodealliance/preview2-shim/dist/io/worker-thread.js",
  },
  outdir: dist,
  outExtension: { ".js": ".cjs" },
  alias: { "#component": `${work}/component.mjs`, "#small-modules": `${work}/small.mjs` },
  inject: [`${work}/url.mjs`],
  define: { "import.meta.url": "bundleUrl" },
  external: ["@bytecodealliance/jco-node-fs"],
  plugins: [withoutHttp],
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node22",
  minify: true,
  legalComments: "none",
});
// The shim looks for its worker by this name.
renameSync(`${dist}/worker-thread.bundle.cjs`, `${dist}/worker-thread.bundle.js`);

let sum = 0;
for (const name of readdirSync(dist).sort()) {
  const { size } = statSync(`${dist}/${name}`);
  sum += size;
  console.log(`${String(size).padStart(8)} dist/${name}`);
}
console.log(`${String(sum).padStart(8)} of at most ${MOST}`);
if (sum > MOST) {
  console.error(`error: dist/ is larger than ${MOST} bytes`);
  process.exitCode = 1;
}
