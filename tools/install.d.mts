export declare function install(root: string, mode: 'runtime' | 'dev'): Promise<string | undefined>;
