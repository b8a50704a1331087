// What esbuild bundles: types, JSX, enums, private fields, imports of each kind, and code that nobody uses.
import { Color, type Point, shade } from "./lib/color";
import * as geometry from "./lib/geometry";
import data from "./lib/data.json";
import text from "./lib/note.txt";
import "./lib/style.css";

namespace Registry {
    const known = new Map<string, Point>();
    export function add(name: string, point: Point): void {
        known.set(name, point);
    }
    export const size = (): number => known.size;
}

abstract class Shape<T extends Point = Point> {
    static #count = 0;
    declare readonly kind: string;
    constructor(protected readonly origin: T, public name?: string) {
        Shape.#count++;
    }
    abstract area(): number;
    static get count(): number {
        return this.#count;
    }
}

export class Square extends Shape {
    #side: number;
    constructor(side: number) {
        super({ x: 0, y: 0 }, "square");
        this.#side = side;
    }
    override area(): number {
        return this.#side ** 2;
    }
}

function View({ title, children }: { title: string; children?: unknown[] }) {
    return <section className="view" {...(data.attributes as object)}>
        <h1>{title} &amp; more</h1>
        <>{children}</>
    </section>;
}

const square = new Square(data.side ?? 3);
Registry.add(square.name!, { x: geometry.double(21), y: Number(text?.length) });
export const rendered = <View title={`area ${square.area()}`}>{[Color.Green, shade(Color.Blue)]}</View>;
export const lazy = async () => (await import("./lib/lazy")).default satisfies string;
if (process.env.NODE_ENV !== "production") console.log("debug", Registry.size(), Shape.count);
label: for (const [index, { x = 1, ...rest }] of [[0, { y: 2 }]] as const) if (index > 0b11) continue label; else console.log(x, rest, 1_000 * 60);
