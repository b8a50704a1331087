// Two mistakes, reported with their places.
let x: number = ;
export const y = import("./nowhere");
