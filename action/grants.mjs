// What of this machine the component may see: directories and variables of the environment.
import { existsSync, realpathSync, statSync } from "node:fs";
import path from "node:path";

const WINDOWS = process.platform === "win32";

/** Variables that are handed over. No token of the runner (`ACTIONS_*`, `GITHUB_TOKEN`) is. */
const ALLOWED = [
  /^(HTTP|HTTPS|ALL|NO)_PROXY$/i,
  /^(DOCKER_AUTH_CONFIG|DOCKER_CONFIG|BUILDX_CONFIG|REGISTRY_AUTH_FILE|XDG_.*|HOME)$/,
  /^(NO_COLOR|CLICOLOR_FORCE|FORCE_COLOR|TERM|CI)$/,
  /^DOCKER_METADATA_OUTPUT_JSON$/,
  /^(INPUT_|RUNNER_|GITHUB_(?!TOKEN$)).*/,
];

/** Inputs that name files to read, and files to write. */
const READ_INPUTS = ["metadata-file", "definition", "tags-from", "policy", "ca-file", "registry-config"];
const WRITTEN_INPUTS = ["report-file"];

/** Flags that name a file to write. */
const WRITTEN_FLAGS = ["--report", "--junit", "--dotenv", "--markdown"];

/** Variables that hold paths; on Windows they are written as the component reads them. */
const PATHS =
  /^(HOME|DOCKER_CONFIG|BUILDX_CONFIG|REGISTRY_AUTH_FILE|XDG_.*|RUNNER_TEMP|GITHUB_(WORKSPACE|OUTPUT|STEP_SUMMARY|EVENT_PATH))$/;

/** Where a machine keeps certificates: a policy may name a file there, which no input shows. */
const CERTIFICATES = [
  "/etc/docker/certs.d",
  "/etc/pki/ca-trust",
  "/etc/pki/tls/certs",
  "/etc/ssl/certs",
  "/usr/local/share/ca-certificates",
];

/** A path as the component knows it: WASI has no drives, so `C:\a` is `/C:/a`. */
export function inside(text, windows = WINDOWS) {
  return windows ? text.replaceAll("\\", "/").replace(/^(?=[A-Za-z]:\/)/gm, "/") : text;
}

/** The variables for the component. */
export function environment(env, windows = WINDOWS) {
  const isPath = (name) => PATHS.test(name) || isInput(name, [...READ_INPUTS, ...WRITTEN_INPUTS]);
  const variables = Object.entries(windows ? { HOME: env.USERPROFILE, ...env } : env)
    .filter(([name, value]) => value !== undefined && ALLOWED.some((allowed) => allowed.test(name)))
    .map(([name, value]) => [name, isPath(name) ? inside(value, windows) : value]);
  return Object.fromEntries(variables);
}

/** The directory that relative paths start from. */
export function workspace(env) {
  return env.GITHUB_WORKSPACE && existsSync(env.GITHUB_WORKSPACE) ? env.GITHUB_WORKSPACE : process.cwd();
}

/**
 * The directories for the component: `[path inside, path outside, access]`, where access is "read",
 * "write" or a list of the only names that exist, which may be written.
 */
export function directories(env, args, root, certificates = CERTIFICATES) {
  const granted = new Map();
  const grant = (directory, access) => {
    // WASI could not tell `/` from the directory that relative paths start from.
    if (directory && directory !== "/" && path.isAbsolute(directory) && isDirectory(directory)) {
      const known = granted.get(directory);
      if (Array.isArray(access) && Array.isArray(known)) {
        known.push(...access);
      } else if (known !== "write") {
        granted.set(directory, access);
      }
    }
  };

  const home = env.HOME ?? env.USERPROFILE;
  const under = (directory, ...names) => directory && path.join(directory, ...names);
  const docker = env.DOCKER_CONFIG || under(home, ".docker");
  grant(docker, "read");
  grant(env.BUILDX_CONFIG, "read");
  grant(under(env.REGISTRY_AUTH_FILE, ".."), "read");
  grant(under(env.XDG_RUNTIME_DIR, "containers"), "read");
  grant(under(env.XDG_CONFIG_HOME || under(home, ".config"), "containers"), "read");
  grant(env.RUNNER_TEMP, "read");
  for (const directory of certificates) {
    grant(directory, "read");
  }
  for (const file of inputs(env, READ_INPUTS)) {
    grant(directoryOf(file), "read");
  }
  for (const [nth, arg] of args.entries()) {
    const [flag, file] = arg.startsWith("--") ? arg.split(/=(.*)/s) : [args[nth - 1], arg];
    grant(directoryOf(file ?? ""), WRITTEN_FLAGS.includes(flag) ? "write" : "read");
  }
  for (const file of inputs(env, WRITTEN_INPUTS)) {
    grant(directoryOf(file), "write");
  }
  grant(root, "write");
  // These lie in one directory with files that are not for a step to write.
  for (const file of [env.GITHUB_OUTPUT, env.GITHUB_STEP_SUMMARY]) {
    grant(under(file, ".."), [path.basename(file ?? "")]);
  }

  const preopened = [...granted].map(([directory, access]) => [inside(directory), directory, access]);
  // The shim's working directory is `/`; relative paths are looked for in a directory named `.`.
  return [[".", root, "write"], ...preopened];
}

/** Whether a variable is one of these inputs. GitHub keeps the dashes of its name, others do not. */
function isInput(variable, names) {
  return names.some((name) => variable.replaceAll("-", "_") === `INPUT_${name.toUpperCase().replaceAll("-", "_")}`);
}

/** The lines and items of the inputs of these names. */
function inputs(env, names) {
  const values = Object.entries(env).filter(([name]) => isInput(name, names));
  return values.flatMap(([, value]) => value.split(/[\n,]/)).map((item) => item.trim());
}

/** The directory of a file, or what comes before the first wildcard. */
function directoryOf(file) {
  const wildcard = file.search(/[*?[]/);
  const plain = wildcard < 0 ? file : file.slice(0, wildcard);
  return plain && path.dirname(wildcard < 0 ? plain : `${plain}x`);
}

function isDirectory(directory) {
  try {
    return statSync(realpathSync(directory)).isDirectory();
  } catch {
    return false;
  }
}
