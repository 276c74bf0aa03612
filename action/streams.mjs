// Standard output and standard error of the component.
import { monotonicClock } from "@bytecodealliance/preview2-shim/clocks";
import { streams } from "@bytecodealliance/preview2-shim/io";
import { writeSync } from "node:fs";

/**
 * Writes at once to a file descriptor. The shim writes through `process.stdout`, which loses what
 * is still under way at the exit where pipes are asynchronous (Windows), and ends the process when
 * the reader has gone away.
 */
export class Output extends streams.OutputStream {
  #fd;

  constructor(fd) {
    super();
    this.#fd = fd;
  }
  checkWrite() {
    return 65536n;
  }
  write(bytes) {
    for (let left = bytes; left.length > 0; ) {
      try {
        left = left.subarray(writeSync(this.#fd, left));
      } catch (error) {
        if (error.code !== "EAGAIN") {
          throw { tag: "closed" };
        }
        // A pipe that is full and does not block: the reader needs a moment.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
    }
  }
  blockingWriteAndFlush(bytes) {
    this.write(bytes);
  }
  flush() {}
  blockingFlush() {}
  subscribe() {
    return monotonicClock.subscribeDuration(0n);
  }
  [Symbol.dispose ?? Symbol.for("dispose")]() {}
}
