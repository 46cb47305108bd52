/**
 * Go's `text/template`, as far as people use it on the command line: fields, variables, pipelines, `if`, `with`, `range` with `break` and `continue`,
 * comments, trim markers, and the functions that every template has but `html`, `js`, `urlquery` and `call`. Without `define`, `block` and `template`.
 *
 * Nothing of a template is ever run as code: it is read into a tree, and the tree is walked.
 */
import { evaluate } from './evaluator.ts';
import { BUILTINS, type TemplateFunction } from './functions.ts';
import type { Statement } from './node.ts';
import { parseTemplate } from './parser.ts';
import type { Value } from './value.ts';

export interface TemplateOptions {
  /** In messages. Default: none. */
  readonly name?: string;
  /** Beside the builtins. */
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
  /** UTF-16 units. Default 64 Mi. */
  readonly maxOutput?: number;
}

export class Template {
  readonly #text: string;
  readonly #name: string;
  readonly #functions: Readonly<Record<string, TemplateFunction>>;
  readonly #maxOutput: number;
  readonly #statements: readonly Statement[];

  /** Errors: `TemplateError`. */
  constructor(text: string, { name = '', functions = {}, maxOutput = DEFAULT_MAX_OUTPUT }: TemplateOptions = {}) {
    this.#text = text;
    this.#name = name;
    this.#functions = Object.assign(Object.create(null), BUILTINS, functions);
    this.#maxOutput = maxOutput;
    this.#statements = parseTemplate(text, { name, functions: new Set(Object.keys(this.#functions)) });
  }

  /**
   * Errors: `TemplateError`.
   * @example new Template('{{range .}}{{.name}}\n{{end}}').render([{ name: 'a' }]) // 'a\n'
   */
  render(data: Value): string {
    return evaluate(this.#statements, data, { name: this.#name, template: this.#text, functions: this.#functions, maxOutput: this.#maxOutput });
  }
}

const DEFAULT_MAX_OUTPUT = 64 * 1024 * 1024;
