// Daily work of scripts in amounts that can be measured: calls, objects, strings, closures, generators, caught errors.
//
// usage: qjs load.js [SCALE]; 40 takes about a second natively
const scale = Number(scriptArgs[1] ?? 10);

const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2);
let calls = 0;
for (let i = 0; i < scale; i++) calls += fib(20);
print("calls", calls);

const tree = depth => depth === 0 ? {} : { left: tree(depth - 1), right: tree(depth - 1) };
const count = node => node.left ? 1 + count(node.left) + count(node.right) : 1;
let nodes = 0;
for (let i = 0; i < scale; i++) nodes += count(tree(12));
print("objects", nodes);

const seen = new Map();
for (let i = 0; i < 5000 * scale; i++) {
    const word = `w${i * 7919 % 3001}`;
    seen.set(word, (seen.get(word) ?? 0) + 1);
}
const words = [...seen.keys()].sort((a, b) => seen.get(b) - seen.get(a) || (a < b ? -1 : 1));
print("strings", words.length, words[0], words.join(" ").replace(/\d+/g, "$&$&").length);

let sum = 0;
for (let i = 0; i < 20000 * scale; i++) sum = (x => x + i)(sum) % 1000003;
print("closures", sum);

let total = 0;
for (const value of (function* () { for (let i = 0; i < 10000 * scale; i++) yield i % 7; })()) total += value;
print("generators", total);

let caught = 0;
for (let i = 0; i < 5000 * scale; i++) try { throw i; } catch { caught++; }
print("errors", caught);

const n = 64, a = new Float64Array(n * n).map((_, i) => i % 11), b = new Float64Array(n * n).map((_, i) => i % 13);
let product = 0;
for (let round = 0; round < scale / 10; round++)
    for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
            let cell = 0;
            for (let k = 0; k < n; k++) cell += a[i * n + k] * b[k * n + j];
            product += cell;
        }
print("numbers", product, String(3n ** BigInt(200 * scale)).length);
