// The certificates that programs on this machine trust, a company's own among them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** All of them in PEM: what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else the system's; and what
 * `NODE_EXTRA_CA_CERTS` adds. Where there are none, Mozilla's. */
export function certificates(env) {
  // Loaded here, for it takes ten milliseconds and plain HTTP needs none of it.
  const tls = process.getBuiltinModule("node:tls");
  const named = [env.SSL_CERT_FILE, ...directory(env.SSL_CERT_DIR)].filter(Boolean).map(read);
  const own = named.length > 0 ? named : tls.getCACertificates("system");
  const trusted = own.length > 0 ? own : tls.getCACertificates("bundled");
  return [...trusted, ...tls.getCACertificates("extra")].join("\n");
}

function directory(path) {
  try {
    return path ? readdirSync(path).map((name) => join(path, name)) : [];
  } catch {
    return [];
  }
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
