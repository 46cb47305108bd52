export declare function findPinnedNode(file: string): string | undefined;
export declare function runInstead(node: string, args: readonly string[]): void;
