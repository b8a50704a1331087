// Works through the language and its library, and prints what comes of each part.
//
// usage: qjs -m script.js ARGUMENT...

import * as std from "qjs:std";
import * as os from "qjs:os";
import { area, default as describe, counter, count } from "./shapes.js";
import * as shapes from "./shapes.js";

const section = name => print(`-- ${name}`);
const show = value => JSON.stringify(value, (key, v) =>
    typeof v === "bigint" ? `${v}n` : v instanceof Map ? { map: [...v] } : v instanceof Set ? { set: [...v] } :
    typeof v === "number" && !Number.isFinite(v) ? String(v) : v === undefined ? "undefined" : v);
const attempt = f => {
    try {
        return f();
    } catch (error) {
        return `${error.name}: ${error.message}`;
    }
};

section("arguments");
print(scriptArgs.length, show(scriptArgs.slice(1)), std.getenv("QJS_TEST"), std.getenv("NONE"));

section("numbers");
print(0.1 + 0.2, 1 / 3, 1e21, 1e-7, -0, 1 / -0, 2 ** 53, 5e-324, 1.7976931348623157e308, 123456789.123456789, NaN);
print((255).toString(16), (0.5).toString(2), (1e21).toString(36), (1234.5678).toFixed(2), (0.000012345).toPrecision(3), (12345).toExponential(2));
print(parseInt("12px"), parseInt("0x1f"), parseFloat("3.14abc"), Number(""), Number("0b101"), Number("1_0"), Number(null), Number([5]));
print(5 % -3, -5 % 3, 7 / 2 | 0, -7 >> 1, -7 >>> 28, 1 << 31, 2 ** -1, (-8) ** (1 / 3), Math.hypot(3, 4), Math.clz32(1), Math.imul(0xffffffff, 5));
print(Math.round(-0.5), Math.round(2.5), Math.trunc(-4.7), Math.sign(-3), Math.fround(5.5), Math.max(), Math.min(1, "0"));
print(Number.MAX_SAFE_INTEGER, Number.EPSILON > 0, Number.isInteger(5.0), isNaN("x"), (25).toString(36), 0.1.toFixed(20), 1e3.toLocaleString());

section("bigint");
const factorial = n => n < 2n ? 1n : n * factorial(n - 1n);
print(factorial(60n), 2n ** 200n, -7n / 2n, -7n % 2n, (1n << 70n) >> 68n, BigInt.asIntN(8, 255n), BigInt.asUintN(64, -1n));
print(BigInt("0xffffffffffffffffffff"), 10n > 9, 1n == 1, 1n === 1, typeof 1n, (123n ** 20n).toString(36), 0n ? "truthy" : "falsy");
print(attempt(() => 1n + 1), attempt(() => BigInt(1.5)), attempt(() => 1n / 0n), attempt(() => Math.max(1n)));
let [a, b] = [0n, 1n];
for (let i = 0; i < 500; i++) [a, b] = [b, a + b];
print(a % 1000000007n, String(a).length);

section("strings");
const text = "The quick brown fox jumps over the lazy dog";
print(text.split(" ").map(w => w[0].toUpperCase() + w.slice(1)).join(""), text.at(-1), text.indexOf("fox"), text.includes("cat"), text.lastIndexOf("o"));
print("abc".padStart(6, "12"), "abc".padEnd(6), "|", " trim ".trim(), "ab".repeat(3), "a-b-c".replaceAll("-", "+"), "a,b".split(","), "x".codePointAt(0));
print("😀".length, [..."a😀ä"].length, "ä".normalize("NFD").length, "ß".toUpperCase(), "İ".toLowerCase().length, "\u{1F600}", "ﬀ".toUpperCase(), "Σ".toLowerCase());
print(`tagged ${((s, ...v) => s.raw.join("|") + v.join(","))`a${1}\n${2}b`}`, "a".localeCompare("b"), "b" > "a", "a\0b".length, escape("ä b"), encodeURIComponent("ä&/€"));
print(attempt(() => decodeURIComponent("%")), "abc".substring(2, 0), "abc".substr(-2, 1), "abcdef".slice(-3, -1), String.raw`\n`, "\ud800".isWellFormed());

section("regular expressions");
print("2026-01-31".replace(/(?<y>\d+)-(?<m>\d+)-(?<d>\d+)/, "$<d>.$<m>.$<y>"), show("a1b22c333".match(/\d+/g)), /^[\w.]+@\w+\.\w{2,}$/.test("me@example.org"));
print(show([..."k1=v1;k2=v2".matchAll(/(\w+)=(\w+)/g)].map(m => [m[1], m[2], m.index])), "aBC".replace(/b/i, m => `[${m}]`), /(a+)+b/.test("aaaaaaaaaaaaaaaaaac"));
print(/(?<=\$)\d+/.exec("cost $42")[0], /(?<!\$)\b\d+/.exec("$42 17")[0], /\p{Lu}\p{Ll}+/u.exec("été Étude")[0], /^.$/u.test("😀"), /^.$/.test("😀"), /a.c/s.test("a\nc"));
const sticky = /\d/y;
sticky.lastIndex = 1;
print(sticky.test("a1"), sticky.lastIndex, sticky.test("a1"), /(\w)\1/.exec("hello")[0], "x".replace(/(y)?x/, "[$1]"), show(/(?<a>x)|(?<b>y)/.exec("y").groups));
print(attempt(() => new RegExp("(")), attempt(() => new RegExp("a", "zz")), /[\d--[3-5]]/v.test("4"), /a{2,3}?/.exec("aaaa")[0], "a1b2".split(/(\d)/), /x/dgimsuy.flags);

section("arrays");
const numbers = Array.from({ length: 20 }, (_, i) => (i * 7) % 20);
print(show(numbers.toSorted((x, y) => x - y)), numbers.reduce((s, x) => s + x), numbers.findLast(x => x > 15), show(numbers.with(0, 99).slice(0, 2)));
print([3, 20, 1].sort(), show([1, [2, [3, [4]]]].flat(Infinity)), show([1, 2].flatMap(x => [x, x * 2])), [, 1, , 2].length, show(Object.keys([, 1, , 2])), [1, 2, 3].includes(NaN), [NaN].includes(NaN));
print(show(Object.groupBy(numbers.slice(0, 6), x => x % 2 ? "odd" : "even")), [1, 2, 3, 4, 5].copyWithin(0, 3), new Array(3).fill(0), [..."abc"].entries().next().value, Array.of(7).concat([8], 9));
const stable = Array.from({ length: 200 }, (_, i) => ({ key: i % 3, i })).sort((x, y) => x.key - y.key);
print(stable.every((x, i) => i === 0 || stable[i - 1].key < x.key || stable[i - 1].i < x.i), [5, 1].toReversed(), attempt(() => new Array(-1)), attempt(() => [].reduce((x) => x)));

section("typed arrays");
const buffer = new ArrayBuffer(16);
const view = new DataView(buffer);
view.setFloat64(0, Math.PI);
view.setInt16(8, -2, true);
view.setBigUint64(8, 0x0102030405060708n);
print(new Uint8Array(buffer).join(), view.getFloat32(0), view.getUint16(8, true), new Uint8ClampedArray([300, -5, 1.5]).join(), new Int8Array([200])[0]);
print(Float32Array.from([0.1])[0], new Uint16Array([1, 2, 3]).map(x => x * 30000).join(), new BigInt64Array([-1n])[0], attempt(() => new Uint32Array(buffer, 1)), attempt(() => view.getInt8(16)));
print(new Float64Array([3, NaN, -0, 0, -1]).sort().join(), new Uint8Array([5, 1, 4]).subarray(1).length, structuredCloneLike(new Uint8Array(2)), buffer.slice(8).byteLength, new Float16Array([1.1])[0]);
function structuredCloneLike(array) { return array.constructor.name + array.length; }
print(new Uint8Array([72, 105]).toBase64(), Uint8Array.fromHex("ff00").join(), buffer.transfer(4).byteLength, buffer.detached);

section("objects");
const source = { b: 1, a: { deep: [1, { x: null }] }, 2: "two", 1: "one", [Symbol("s")]: 1, get computed() { return this.b + 1; } };
const { a: { deep: [first, ...others] }, missing = "default", ...rest } = source;
print(show(Object.keys(source)), first, show(others), missing, show(rest), source?.nothing?.at, source.nothing ?? "none", "b" in source, delete source.b, "b" in source);
print(show(Object.entries({ x: 1, y: 2 }).map(([k, v]) => k + v)), show(Object.fromEntries(new Map([["k", 1]]))), Object.isFrozen(Object.freeze({})), attempt(() => { Object.freeze([1]).push(2); }));
const proxied = new Proxy({}, { get: (t, key) => `got ${String(key)}`, has: () => true, ownKeys: () => ["k"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) });
print(proxied.anything, "x" in proxied, show(Object.keys(proxied)), Reflect.ownKeys(source).length, Reflect.apply(Math.max, null, [1, 3]), typeof Reflect.construct(Date, [0]));
print(show(JSON.parse('{"a":[1,2,{"b":"\\u00e4"}],"n":-1.5e3,"t":true}', (k, v) => typeof v === "number" ? v * 2 : v)), JSON.stringify({ d: [1, { e: 2 }] }, null, 2), JSON.stringify({ u: undefined, f() {}, n: NaN, d: new Date(0) }));
print(attempt(() => JSON.parse('{"a":}')), attempt(() => { const loop = {}; loop.self = loop; JSON.stringify(loop); }), attempt(() => undefined.x), attempt(() => nowhere), attempt(() => null[Symbol.iterator]));

section("maps and sets");
const map = new Map([[NaN, "nan"], [0, "zero"], ["0", "text"]]);
map.set({}, "object").delete("0");
print(map.size, map.get(NaN), map.get(-0), [...map.values()].join(), show(new Set([3, 1, 3, "3"])), show(new Set([1, 2, 3]).intersection(new Set([2, 3, 4]))), new Set([1]).isSubsetOf(new Set([1, 2])));
const order = new Map();
for (let i = 0; i < 1000; i++) order.set(i * 7919 % 1009, i);
for (const key of order.keys()) if (key % 2) order.delete(key);
print(order.size, [...order.keys()].slice(0, 5).join(), new WeakMap([[map, 1]]).get(map), attempt(() => new WeakSet([1])), show(Map.groupBy([1, 2, 3], x => x % 2)));

section("classes");
class Shape {
    static #made = 0;
    #name;
    kind = "shape";
    static { Shape.origin = [0, 0]; }
    constructor(name) { this.#name = name; Shape.#made++; }
    get name() { return this.#name; }
    set name(value) { if (!value) throw new RangeError("empty name"); this.#name = value; }
    static get made() { return Shape.#made; }
    static is(value) { return #name in value; }
    toString() { return `${this.constructor.name}(${this.#name})`; }
    *[Symbol.iterator]() { yield this.kind; yield this.#name; }
}
class Circle extends Shape {
    constructor(r) { super("circle"); this.r = r; }
    get area() { return +(Math.PI * this.r ** 2).toFixed(3); }
    toString() { return `${super.toString()} r=${this.r}`; }
    [Symbol.toPrimitive](hint) { return hint === "number" ? this.r : this.toString(); }
}
const circle = new Circle(2);
print(`${circle}`, +circle, circle.area, [...circle].join(), circle instanceof Shape, Shape.is({}), Shape.is(circle), Shape.made, Shape.origin.join());
print(attempt(() => { circle.name = ""; }), attempt(() => Shape()), attempt(() => new (class extends Shape { constructor() { this.x = 1; } })), (class { static x = this.name; }).x === "", Object.getOwnPropertyNames(Circle.prototype).join());
class Stack extends Array { peek() { return this[this.length - 1]; } }
const stack = Stack.from([1, 2]);
stack.push(3);
print(stack.peek(), stack.length, stack.map(x => x * 2) instanceof Stack, stack.filter(x => x > 1).peek(), attempt(() => new (function () { return new.target.name ? 1 : this; })().constructor.name));

section("closures and generators");
const makers = [];
for (let i = 0; i < 3; i++) makers.push(() => i++);
print(makers.map(f => f() + f()).join(), (() => { var x = 1; { var x = 2; } return x; })(), (function () { return typeof this; })(), ((...args) => args.length)(...[1, 2], 3), attempt(() => { early; let early; }));
function* walk(n) { try { for (let i = 0; i < n; i++) { const got = yield i; if (got) print("got", got); } return "done"; } finally { print("finally"); } }
const walker = walk(3);
print(show(walker.next()), show(walker.next("hi")), show(walker.return("early")), show(walker.next()), show([...walk(2)]));
function* tree(node) { if (node) { yield* tree(node.l); yield node.v; yield* tree(node.r); } }
print([...tree({ l: { v: 1 }, v: 2, r: { l: { v: 3 }, v: 4 } })].join(), show([1, 2, 3, 4].values().filter(x => x % 2).map(x => x * x).toArray()), show(walk(9).take(2).toArray()));
outer: for (let i = 0; i < 5; i++) { for (let j = 0; j < 5; j++) { if (j === 2) continue outer; if (i === 2) break outer; std.out.puts(`${i}${j} `); } }
switch (3) { case 1: print("one"); case 3: print("three"); case 4: print("falls"); break; default: print("never"); }
print((0, eval)("var hidden = 6; hidden * 7"), new Function("x", "return x ** 2")(9), attempt(() => eval("1 +")), attempt(() => eval("let let = 1")), (function f(n) { return n ? n * f(n - 1) : 1; })(10));

section("errors");
class AppError extends Error { constructor(m, options) { super(m, options); this.name = "AppError"; } }
const nested = attempt(() => { try { null.f(); } catch (cause) { throw new AppError("wrapped", { cause }); } });
print(nested, (() => { try { return "try"; } finally { print("before return"); } })(), attempt(() => { throw Object.assign(new Error("x"), { name: "Custom" }); }));
const recursion = () => { const descend = n => { if (n === 0) throw new Error("bottom"); try { descend(n - 1); } finally { depth++; } }; let depth = 0; try { descend(100); } catch (e) { return `${e.message} ${depth}`; } };
print(recursion(), new AggregateError([new Error("a")], "many").errors.length, new Error("e", { cause: 1 }).cause, (() => { try { throw 1; } catch { return "bare"; } })());
let thrown = 0;
for (let i = 0; i < 20000; i++) { try { if (i % 3 === 0) throw i; } catch (e) { thrown += e % 5; } }
print(thrown, new Error("trace").stack.includes("script.js"));

section("dates");
const date = new Date(Date.UTC(2024, 1, 29, 12, 34, 56, 789));
print(date.toISOString(), date.getUTCDay(), new Date("2024-03-10T10:00:00Z").getTime(), new Date(NaN).getTime(), attempt(() => new Date(NaN).toISOString()), Date.UTC(1970, 0), date.toJSON());

section("modules");
print(area(3), describe("square"), counter(), counter(), count, Object.keys(shapes).join(), import.meta.main, typeof import.meta.url);

section("files");
const file = std.open("out.json", "w+");
file.puts(show({ saved: [1, 2] }));
file.printf("\n%d %s %5.2f %x\n", 42, "text", 1.005, 255);
file.seek(0, std.SEEK_SET);
print(file.getline(), file.getline(), file.getline(), file.eof(), file.tell());
file.close();
print(show(JSON.parse(std.loadFile("out.json").split("\n")[0])), std.loadFile("missing"), os.stat("out.json")[0].size, os.readdir(".")[0].filter(x => x.endsWith(".js")).sort().join(), std.open("missing/x", "w"));
os.mkdir("made");
print(os.rename("out.json", "made/out.json"), os.remove("made/out.json"), os.remove("made"), os.stat("made")[0]);
print(std.in.getline(), std.in.readAsString().length, std.sprintf("%08.3f|%-6s|%+i", Math.E, "ab", 5), attempt(() => std.sprintf("%z")));

section("promises");
const log = [];
const sleep = (ms, value) => new Promise(resolve => os.setTimeout(() => resolve(value), ms));
async function* ticks(n) { for (let i = 0; i < n; i++) { await sleep(1); yield i; } }
async function fail() { await null; throw new TypeError("asynchronous"); }
queueMicrotask(() => log.push("micro"));
Promise.resolve("then").then(v => log.push(v)).finally(() => log.push("finally"));
log.push("sync");
print(show(await Promise.all([1, sleep(5, "slow"), sleep(1, "fast")])), await Promise.race([sleep(300, "late"), sleep(1, "early")]), log.join());
print(show((await Promise.allSettled([fail(), 1])).map(r => r.status)), await fail().catch(e => e.message), await Promise.any([fail(), sleep(1, "any")]));
for await (const tick of ticks(3)) std.out.puts(`tick ${tick} `);
try { await Promise.any([fail()]); } catch (e) { print(e.constructor.name, e.errors[0].message); }
const { promise, resolve } = Promise.withResolvers();
os.setTimeout(resolve, 2, undefined);
print(await promise, await { then(f) { f("thenable"); } }, (await import("./shapes.js")).area(2), await import("./missing.js").catch(e => e.name), await (async () => { try { return await fail(); } catch { return "caught"; } })());
const timer = os.setTimeout(() => print("never"), 1);
os.clearTimeout(timer);
std.exit(show([1, { b: 2n }]) === '[1,{"b":"2n"}]' ? 7 : 1);
