export declare const NODE_RANGE: string;
export declare function isSupported(version?: string): boolean;
