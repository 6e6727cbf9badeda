#!/usr/bin/env node
// npm's WebAssembly solc behind the two calls of the native one that this project needs:
//   solc.js --version                    what py-solc-x asks first
//   solc.js --standard-json [flags]      standard JSON on stdin, its answer on stdout
// `--compiler NAME` takes another version, by the name of its package (by default `solc`).
// Sources that the input leaves out are served through the import callback, from the base path (--base-path DIR,
// by default this repository) and then from node_modules: the WebAssembly stack holds small inputs only.
"use strict";

const fs = require("fs");
const path = require("path");

const ROOT = path.dirname(__dirname);
const MODULES = path.join(ROOT, "node_modules");

function option(name, fallback) {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : process.argv[at + 1];
}

function importFrom(folders) {
  return (name) => {
    const found = folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
    if (found === undefined) return { error: `${name}: not found in ${folders.join(", ")}` };
    return { contents: fs.readFileSync(found, "utf8") };
  };
}

function main() {
  const solc = require(path.join(MODULES, option("--compiler", "solc")));
  if (process.argv.includes("--version")) {
    process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
    return;
  }
  const input = fs.readFileSync(0, "utf8");
  const base = path.resolve(option("--base-path", ROOT));
  process.stdout.write(solc.compile(input, { import: importFrom([base, MODULES]) }));
}

main();
