export enum Color { Red, Green = 1 << 2, Blue, Named = "named".length }
export const enum Inlined { Yes = "yes" }
export interface Point { x: number; y: number }
export const shade = (color: Color): string => `${Color[color]}-${Inlined.Yes}`;
export const unused = () => "nobody calls this";
