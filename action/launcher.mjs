// Runs the component in Node: what the GitHub Action starts, and `node dist/launcher.cjs ARGS` for
// any other command line.
//
// The component gets what it needs and nothing else: the network, some directories and variables
// (grants.mjs), its streams (streams.mjs), and two things that WASI has not, made in memory when
// they are asked for: the system's certificates (certificates.mjs) and the answers of credential
// helpers (helper.mjs).
//
// The order of the first two imports matters: the shim starts its worker thread, then the core is
// compiled in the background, and both go on while the other modules are loaded.
import * as io from "@bytecodealliance/preview2-shim/io";
import { coreModule } from "./core.mjs";
import { instantiate } from "#component";
import * as cli from "@bytecodealliance/preview2-shim/cli";
import * as clocks from "@bytecodealliance/preview2-shim/clocks";
import { types } from "@bytecodealliance/preview2-shim/filesystem";
import * as sockets from "@bytecodealliance/preview2-shim/sockets";
import { fstatSync, writeSync } from "node:fs";
import { certificates } from "./certificates.mjs";
import { preopens } from "./filesystem.mjs";
import { directories, environment, workspace } from "./grants.mjs";
import { ask } from "./helper.mjs";
import { Output } from "./streams.mjs";

/** The directory that exists in memory only; src/registry/login/helper.rs knows its name. */
const MADE = "/tagproof-launcher";

const args = process.argv.length > 2 ? process.argv.slice(2) : ["action"];
const times = { modules: process.uptime() };

/** The content of a file of the directory in memory; none: there is no such file. */
function make(path) {
  if (path === "certificates.pem") {
    return certificates(process.env);
  }
  const [directory, name, server, ...more] = path.split("/");
  if (directory !== "credential-helpers" || server === undefined || more.length > 0) {
    return undefined;
  }
  return JSON.stringify(ask(name, decodeURIComponent(server), process.env));
}

function imports() {
  const root = workspace(process.env);
  const variables = { ...environment(process.env), SSL_CERT_FILE: `${MADE}/certificates.pem` };
  const terminal = (fd, instance) => (isTerminal(fd) ? instance : undefined);
  return {
    "wasi:cli/environment": {
      getEnvironment: () => Object.entries(variables),
      getArguments: () => ["tagproof", ...args],
      initialCwd: () => undefined,
    },
    "wasi:cli/exit": { exit: ({ tag }) => end(tag === "ok" ? 0 : 1) },
    "wasi:cli/stdin": cli.stdin,
    "wasi:cli/stdout": { getStdout: () => new Output(1) },
    "wasi:cli/stderr": { getStderr: () => new Output(2) },
    "wasi:cli/terminal-input": cli.terminalInput,
    "wasi:cli/terminal-output": cli.terminalOutput,
    // The shim says that each stream is a terminal, whatever it is.
    "wasi:cli/terminal-stdin": { getTerminalStdin: () => terminal(0, new cli.terminalInput.TerminalInput()) },
    "wasi:cli/terminal-stdout": { getTerminalStdout: () => terminal(1, new cli.terminalOutput.TerminalOutput()) },
    "wasi:cli/terminal-stderr": { getTerminalStderr: () => terminal(2, new cli.terminalOutput.TerminalOutput()) },
    "wasi:clocks/monotonic-clock": clocks.monotonicClock,
    "wasi:clocks/wall-clock": clocks.wallClock,
    "wasi:filesystem/preopens": {
      getDirectories: () => preopens(directories(process.env, args, root), MADE, make),
    },
    "wasi:filesystem/types": types,
    "wasi:io/error": io.error,
    "wasi:io/poll": io.poll,
    "wasi:io/streams": io.streams,
    "wasi:random/insecure-seed": { insecureSeed: () => [process.hrtime.bigint(), BigInt(process.pid)] },
    "wasi:random/random": {
      getRandomBytes: (length) => process.getBuiltinModule("node:crypto").randomBytes(Number(length)),
    },
    "wasi:sockets/instance-network": sockets.instanceNetwork,
    "wasi:sockets/ip-name-lookup": sockets.ipNameLookup,
    "wasi:sockets/network": sockets.network,
    "wasi:sockets/tcp": sockets.tcp,
    "wasi:sockets/tcp-create-socket": sockets.tcpCreateSocket,
    "wasi:sockets/udp": sockets.udp,
    "wasi:sockets/udp-create-socket": sockets.udpCreateSocket,
  };
}

// `node:tty` and `node:crypto` take milliseconds to load, and most runs need neither.
function isTerminal(fd) {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule("node:tty").isatty(fd);
  } catch {
    return false;
  }
}

/** Ends the process; with `TAGPROOF_LAUNCHER_TIMES`, says first when each phase was over. */
function end(code) {
  if (process.env.TAGPROOF_LAUNCHER_TIMES) {
    times.run = process.uptime();
    const phases = Object.entries(times).map(([phase, time]) => `${phase} ${(1000 * time).toFixed(0)}`);
    writeSync(2, `launcher: ms since the start of node: ${phases.join(", ")}\n`);
  }
  process.exit(code);
}

/** A crash, in one line, where the person looks for it. */
function crashed(error) {
  const words = String(error?.message ?? error).replace(/[\r\n]+/g, " ").replaceAll("%", "%25");
  const [fd, start] = process.env.GITHUB_ACTIONS === "true" ? [1, "::error title=tagproof::"] : [2, "error: "];
  writeSync(fd, `${start}tagproof crashed, which is a bug in it: ${words}\n`);
  end(1);
}

async function main() {
  const { run } = await instantiate(coreModule, imports());
  times.instance = process.uptime();
  try {
    run.run();
  } catch (error) {
    // An exit code other than 0 comes as an error without words; everything else is a trap.
    if (error !== undefined) {
      throw error;
    }
    end(1);
  }
  end(0);
}

main().catch(crashed);
