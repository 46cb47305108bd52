/** `--format json`, as it is, through `--jq` or through `--template`: on standard output, whoever reads it. */
import type { Json } from '@assay/core';
import { toJson } from '@assay/slsa/github';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';

/** Errors: `CommandError` for an expression or a template that is none, or does not fit. */
export async function writeResult(result: Json, flags: ParsedFlags, io: Io): Promise<void> {
  const [expression, template] = [flags.text('jq'), flags.text('template')];
  if (expression !== '') io.stdout(await (await import('./filter.ts')).filtered(result, expression, io));
  else if (template !== '') io.stdout((await import('./fill-template.ts')).filled(result, template, io));
  else io.stdout(`${toJson(result)}\n`);
}
