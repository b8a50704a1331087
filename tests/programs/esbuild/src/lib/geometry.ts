export function double(value: number): number {
    return value * 2;
}
export function triple(value: number): number {
    return value * 3;
}
