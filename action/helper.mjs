// Runs a credential helper, as src/registry/login/helper.rs does in the native program, which also reads
// what is returned here.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const WINDOWS = process.platform === "win32";
const ENDINGS = WINDOWS ? [".exe", ".cmd"] : [""];
const SECONDS = 30;
const MAX_OUTPUT = 64 * 1024;

/** What the helper `docker-credential-NAME` leaves behind when it is asked for this server. */
export function ask(name, server, env) {
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(name)) {
    return { error: "its name has other characters than `A-Z`, `a-z`, `0-9`, `.`, `_`, `-`" };
  }
  const program = `docker-credential-${name}`;
  // A relative directory would mean whatever a checked-out repository puts there (CVE-2019-15752).
  const file = (env.PATH ?? "")
    .split(delimiter)
    .filter((directory) => isAbsolute(directory))
    .flatMap((directory) => ENDINGS.map((ending) => join(directory, program + ending)))
    .find(isExecutable);
  if (!file) {
    return { error: `there is no \`${program}\` in an absolute path of \`PATH\`` };
  }
  // Loaded here, for most steps need no helper and the start is to be quick.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  // Node starts batch files through a shell only, which then reads the path.
  const shell = file.endsWith(".cmd");
  const ended = spawnSync(shell ? `"${file}"` : file, ["get"], {
    env: withoutInputs(env),
    input: server,
    killSignal: "SIGKILL",
    maxBuffer: MAX_OUTPUT,
    shell,
    timeout: SECONDS * 1000,
    windowsHide: true,
  });
  switch (ended.error?.code) {
    case undefined:
    // It did not read its input; its answer counts.
    case "EPIPE":
      break;
    case "ENOBUFS":
      return { error: `its answer is larger than ${MAX_OUTPUT / 1024} KiB` };
    case "ETIMEDOUT":
      return { error: `it did not answer within ${SECONDS}s` };
    default:
      return { error: `failed to start \`${program}\`: ${ended.error.code}` };
  }
  return {
    success: ended.status === 0,
    status: ended.status === null ? "a signal" : `exit status ${ended.status}`,
    stdout: ended.stdout.toString(),
    stderr: ended.stderr.toString(),
  };
}

/** The inputs of this step hold passwords that are none of the helper's business. */
function withoutInputs(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("INPUT_")));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
