/** `cosign upload wasm` (cosign.md section 1): a WebAssembly module as an image of one layer. */
import { putFile, referenceText } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import { text } from './flags.ts';
import { withRegistry } from './images.ts';
import { openLocalFile } from './local-file.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { nameImage } from './stored-image.ts';

export const command: Command = {
  usage: 'upload wasm [flags] IMAGE',
  examples: '  cosign upload wasm -f module.wasm registry.example/module:1.2.3',
  flags: [...REGISTRY_FLAGS, text('file', 'the module', { short: 'f' })],
  arity: exactly(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  requireFlags(flags, 'file');
  const [typed = ''] = flags.positionals;
  const path = flags.text('file');
  await withRegistry(flags, context, async (session) => {
    const { reference, repository } = nameImage(typed, session);
    const file = await openLocalFile(path, () => WASM_LAYER);
    context.io.stderr(`Uploading wasm file from [${path}] to [${referenceText(reference)}].\n`);
    await putFile(repository, { ...file, configType: WASM_CONFIG, tag: reference.digest === undefined ? reference.tag : undefined });
  });
}

const WASM_LAYER = 'application/vnd.wasm.content.layer.v1+wasm';
const WASM_CONFIG = 'application/vnd.wasm.config.v1+json';
