// What script.js imports.
export let count = 0;
export const area = side => side * side;
export function counter() { return ++count; }
export default function describe(name) { return `a ${name}`; }
