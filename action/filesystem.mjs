// The file system that the component sees, and what the shim's own lacks.
import { _createPreopenDescriptor, types } from "@bytecodealliance/preview2-shim/filesystem";
import { streams } from "@bytecodealliance/preview2-shim/io";
import { monotonicClock } from "@bytecodealliance/preview2-shim/clocks";

const { Descriptor } = types;
const dispose = Symbol.dispose ?? Symbol.for("dispose");

/** What may be done below a descriptor: "read", "write", or a list of the only names there. */
const access = new WeakMap();

const { openAt, statAt, metadataHashAt } = Descriptor.prototype;

Descriptor.prototype.openAt = function (pathFlags, path, openFlags, flags) {
  const writes = flags.write || openFlags.create || openFlags.truncate;
  check(this, path, writes);
  // Fault of preview2-shim 0.26.1: it refuses `mutateDirectory`, which each open for writing by
  // Rust's standard library carries. Whether a directory may be changed is decided by `check`.
  const opened = openAt.call(this, pathFlags, path, openFlags, { ...flags, mutateDirectory: false });
  access.set(opened, access.get(this));
  return opened;
};
Descriptor.prototype.statAt = function (pathFlags, path) {
  check(this, path, false);
  return statAt.call(this, pathFlags, path);
};
Descriptor.prototype.metadataHashAt = function (pathFlags, path) {
  check(this, path, false);
  return metadataHashAt.call(this, pathFlags, path);
};
for (const method of [
  "createDirectoryAt",
  "linkAt",
  "removeDirectoryAt",
  "renameAt",
  "setTimesAt",
  "symlinkAt",
  "unlinkFileAt",
]) {
  const original = Descriptor.prototype[method];
  Descriptor.prototype[method] = function (...given) {
    for (const descriptor of [this, ...given.filter((it) => it instanceof Descriptor)]) {
      if (access.get(descriptor) !== "write") {
        throw "read-only";
      }
    }
    return original.apply(this, given);
  };
}

function check(descriptor, path, writes) {
  const allowed = access.get(descriptor);
  if (Array.isArray(allowed) ? !allowed.includes(path) : allowed === undefined) {
    throw "no-entry";
  }
  if (writes && allowed === "read") {
    throw "read-only";
  }
}

/**
 * The preopened directories: those granted, and `made`, whose files are what `make` gives for their
 * path. Fault of preview2-shim 0.26.1: it has none by default, although it says that it has `/`.
 */
export function preopens(granted, made, make) {
  const directories = granted.map(([inside, outside, allowed]) => {
    const descriptor = _createPreopenDescriptor(outside);
    access.set(descriptor, allowed);
    return [descriptor, inside];
  });
  return [...directories, [new MadeDirectory(make), made]];
}

/** A directory in memory, for reading. */
class MadeDirectory extends Descriptor {
  #make;

  constructor(make) {
    super();
    this.#make = make;
  }
  getType() {
    return "directory";
  }
  getFlags() {
    return { read: true };
  }
  openAt(_pathFlags, path, _openFlags, flags) {
    if (flags.write) {
      throw "read-only";
    }
    const content = this.#make(path);
    if (content === undefined) {
      throw "no-entry";
    }
    return new MadeFile(Buffer.from(content));
  }
  statAt() {
    throw "no-entry";
  }
}

/** A file in memory, for reading. */
class MadeFile extends Descriptor {
  #bytes;

  constructor(bytes) {
    super();
    this.#bytes = bytes;
  }
  getType() {
    return "regular-file";
  }
  getFlags() {
    return { read: true };
  }
  stat() {
    return { type: "regular-file", linkCount: 1n, size: BigInt(this.#bytes.length) };
  }
  metadataHash() {
    return { upper: 0n, lower: 0n };
  }
  advise() {}
  readViaStream(offset) {
    return new Bytes(this.#bytes.subarray(Number(offset)));
  }
}

/** A stream of bytes in memory. */
class Bytes extends streams.InputStream {
  #left;

  constructor(bytes) {
    super();
    this.#left = bytes;
  }
  read(length) {
    if (this.#left.length === 0) {
      throw { tag: "closed" };
    }
    const read = this.#left.subarray(0, Number(length));
    this.#left = this.#left.subarray(read.length);
    return read;
  }
  blockingRead(length) {
    return this.read(length);
  }
  subscribe() {
    return monotonicClock.subscribeDuration(0n);
  }
  [dispose]() {}
}
