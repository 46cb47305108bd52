/** Where the compiled engine lies: in the checkout beside `src`, in the published package beside `dist`. */
export const ENGINE_FILE = new URL('../engine/engine.wasm.br', import.meta.url);
