// Calls a transpiled component: `node measure.mjs SCRIPT`, one question a line on stdin, one number a line on stdout.
//
// {"name", "arguments", "expected"} chooses what is called, and calls it once; {"times"} calls it that often and answers
// the microseconds of one call. Each function has a loop of its own, so that Node compiles it for that function alone.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { api } = await import(pathToFileURL(process.argv[2]));
const { add, depth, echoText, echoBytes } = api;

const functions = {
  "add": [add, (times, a, b) => { for (let i = 0; i < times; i++) add(a, b); }],
  "depth": [depth, (times, a) => { for (let i = 0; i < times; i++) depth(a); }],
  "echo-text": [echoText, (times, a) => { for (let i = 0; i < times; i++) echoText(a); }],
  "echo-bytes": [echoBytes, (times, a) => { for (let i = 0; i < times; i++) echoBytes(a); }],
};

const read = (value) => value?.hex === undefined ? value : new Uint8Array(Buffer.from(value.hex, "hex"));

let loop, given;
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  if (question.name !== undefined) {
    const [call, itsLoop] = functions[question.name];
    loop = itsLoop;
    given = question.arguments.map(read);
    assert.deepEqual(call(...given), read(question.expected));
    console.log(0);
  } else {
    const begin = performance.now();
    loop(question.times, ...given);
    console.log((performance.now() - begin) / question.times * 1e3);
  }
}
