// Reads every ```mermaid block of the files that are named, with Mermaid itself: `node parse.mjs FILE...`.
// No block at all is a failure, too.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

// Mermaid wants a browser from the moment it is loaded.
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
const { maxTextSize } = mermaid.mermaidAPI.defaultConfig;

/** The blocks of a text, without what the fences are indented by, and their lines' numbers. */
function blocks(text) {
  const found = [];
  let block;
  for (const [number, line] of text.split(/\r?\n/).entries()) {
    const fence = /^( *)```(\w*)\s*$/.exec(line);
    if (block && fence?.[2] === "" && fence[1] === block.indent) {
      found.push(block);
      block = undefined;
    } else if (block) {
      block.lines.push(line.startsWith(block.indent) ? line.slice(block.indent.length) : line);
    } else if (fence?.[2] === "mermaid") {
      block = { indent: fence[1], line: number + 1, lines: [] };
    }
  }
  if (block) {
    throw new Error(`the block of line ${block.line} has no end`);
  }
  return found;
}

let [read, failed] = [0, 0];
for (const file of process.argv.slice(2)) {
  for (const { line, lines } of blocks(readFileSync(file, "utf8"))) {
    const text = lines.join("\n");
    read += 1;
    try {
      // What is larger is not drawn, and that is found only on drawing.
      if (text.length > maxTextSize) {
        throw new Error(`${text.length} characters, more than the ${maxTextSize} that Mermaid draws`);
      }
      await mermaid.parse(text);
    } catch (error) {
      failed += 1;
      console.error(`error: ${file}:${line}: ${error.message}\n${text.slice(0, 2000)}\n`);
    }
  }
}
console.log(`${read} blocks in ${process.argv.length - 2} files, ${failed} of them wrong`);
if (read === 0 || failed > 0) {
  process.exitCode = 1;
}
