/** `assay lint`: what weakens verification in texts. Read only when it is asked for. */
import { type Command, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { LintFlags } from './lint.ts';

/** Makes `lint` the command; it tells `end` its exit status. */
export function addLintCommands(lint: Command, io: Io, end: (status: number) => void): void {
  lint
    .argument('[file...]', 'files, folders with all that is in them, or - for standard input')
    .addOption(new Option('--output <form>', 'what to print').choices(['text', 'json', 'sarif', 'github']).default('text'))
    .option('--rule <rule>', 'this rule and no others; may be repeated', shared.list)
    .option('--ignore <rule>', 'without this rule; may be repeated', shared.list)
    .option('--allow-host <host>', 'a host of your own, with its subdomains, whatever it is called; may be repeated', shared.list)
    .option('--list-rules', 'print all rules, and why each of them is there')
    .addHelpText('after', EXAMPLES)
    .action(async (files: string[], flags: LintFlags) => end(await (await import('./lint.ts')).runLint(files, flags, io)));
}

const EXAMPLES = `
Examples:
  # a page, and all workflows
  assay lint README.md SECURITY.md .github

  # one command line
  echo 'cosign verify ghcr.io/OWNER/APP:v1' | assay lint -

  # in a workflow, shown beside the lines of a pull request
  assay lint --output github .

  # for code scanning, without the notes on a host of one's own
  assay lint --output sarif --allow-host github.OWNER.example . > lint.sarif

A line is FILE:LINE:COLUMN: RULE: the offending text → what should stand there (what is wrong). Words in capitals are to be filled in. A comment
assay-lint-ignore RULE reason on the line, or the one before, makes an exception. Of folders, .git, node_modules and what is no text are left out.

Exit status: 0 nothing was found, 1 findings, 2 usage, 4 a file is too large
`;
