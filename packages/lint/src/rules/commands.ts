/** All rules for command lines, over one script after the other. */
import type { Page, PageScript } from '../page.ts';
import { after, type Command } from '../read/shell.ts';
import { toolOf } from '../read/tool.ts';
import { checkAssay } from './assay.ts';
import { checkChecksums } from './checksums.ts';
import type { Seen } from './command.ts';
import { checkCosign } from './cosign.ts';
import { checkGh } from './gh.ts';
import { checkIgnored } from './ignored.ts';
import { checkDeployed } from './images.ts';
import { checkInstaller, checkLatest } from './installers.ts';
import { checkSlsaVerifier } from './slsa-verifier.ts';
import { reportExperimental } from './workflows.ts';

/** `scripts` in the order of the page: a variable holds from where it was set. */
export function checkCommands(page: Page, scripts: readonly PageScript[]): void {
  const all: Seen[] = [];
  for (const script of scripts) {
    const here: Seen[] = [];
    for (const command of script.commands) {
      remember(page, script, command);
      const tool = toolOf(command);
      if (tool === undefined) continue;
      const seen = { page, script, command, tool };
      BY_TOOL[tool.name]?.(seen);
      // Of a command in a sentence, who runs it and what becomes of it is not known.
      if (script.place === 'inline') continue;
      checkInstaller(seen);
      checkIgnored(seen);
      here.push(seen);
    }
    checkLatest(here);
    checkDeployed(here);
    for (const seen of here) all.push(seen);
  }
  checkChecksums(all);
}

const BY_TOOL: Readonly<Record<string, (seen: Seen) => void>> = { cosign: checkCosign, gh: checkGh, 'slsa-verifier': checkSlsaVerifier, assay: checkAssay };

/** `NAME=value`, alone or behind `export`. Before a command it is for that command only. */
function remember(page: Page, script: PageScript, command: Command): void {
  const { excerpt } = script;
  const [first, ...rest] = command.words;
  const exported = first !== undefined && /^(?:export|readonly|local|declare)$/.test(first.text) ? rest : [];
  const assignments = [
    ...command.assignments,
    ...exported.flatMap((word) => {
      const [head, name] = /^([A-Za-z_]\w*)=/.exec(word.text) ?? [];
      return head === undefined || name === undefined ? [] : [{ name, value: after(word, head.length, excerpt.text) }];
    }),
  ];
  for (const { name, value } of assignments) {
    if (name === 'COSIGN_EXPERIMENTAL' && /^(?:1|true)$/i.test(value.text) && script.place !== 'inline') {
      reportExperimental(page, { start: excerpt.fileStart(value.start - name.length - 1), end: excerpt.fileEnd(value.end) });
    }
    // What refers to itself was known better before.
    if (first === undefined || exported.length > 0) page.variables.set(name, page.ownValue(excerpt, { ...value, text: page.expand(value.text) }));
  }
}
