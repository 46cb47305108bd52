/** Tokens to a tree, by recursive descent; refuses what `text/template` refuses, in its words. Named templates (`define`, `block`) are not known. */
import { TemplateError } from './error.ts';
import { type Token, type TokenKind, tokenize } from './lexer.ts';
import { type Command, type Expression, expressionText, type Pipeline, type Statement } from './node.ts';
import { unquote } from './unquote.ts';

export interface ParseOptions {
  /** Of the template, in messages. */
  readonly name: string;
  readonly functions: ReadonlySet<string>;
}

/** Errors: `TemplateError`. */
export function parseTemplate(template: string, options: ParseOptions): readonly Statement[] {
  return new Parser(tokenize(template), options).template();
}

type Control = 'if' | 'with' | 'range';
type Ending = 'end' | 'else';

class Parser {
  readonly #tokens: readonly Token[];
  readonly #options: ParseOptions;
  #next = 0;
  /** Messages name the line of the last token that was looked at. */
  #furthest = 0;
  #actionLine = 0;
  #rangeDepth = 0;
  #depth = 0;
  #variables: string[] = ['$'];

  constructor(tokens: readonly Token[], options: ParseOptions) {
    this.#tokens = tokens;
    this.#options = options;
  }

  template(): readonly Statement[] {
    const statements: Statement[] = [];
    while (this.#peek().kind !== 'end') {
      const statement = this.#statement();
      if (typeof statement === 'string') return this.#refuse(`unexpected {{${statement}}}`);
      statements.push(statement);
    }
    return statements;
  }

  #statement(): Statement | Ending {
    const token = this.#take();
    if (token.kind === 'text') return { kind: 'text', text: token.text };
    if (token.kind !== 'left') return this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const action = this.#action();
    this.#actionLine = 0;
    return action;
  }

  #action(): Statement | Ending {
    const token = this.#peekWord();
    const word = token.kind === 'keyword' ? token.text : '';
    if (word === 'if' || word === 'with' || word === 'range') return this.#control(this.#takeWord().text as Control);
    if (word === 'break' || word === 'continue') return this.#leave(this.#takeWord().text as 'break' | 'continue');
    if (word === 'end') {
      this.#takeWord();
      this.#expectRight('end');
      return 'end';
    }
    if (word === 'else') {
      this.#takeWord();
      const after = this.#peekWord();
      if (after.kind !== 'keyword' || (after.text !== 'if' && after.text !== 'with')) this.#expectRight('else');
      return 'else';
    }
    if (word === 'template' || word === 'block' || word === 'define') return this.#refuse(`{{${word}}} is not supported`);
    return { kind: 'action', pipeline: this.#pipeline('command', 'right') };
  }

  #leave(kind: 'break' | 'continue'): Statement {
    this.#expectRight(`{{${kind}}}`);
    if (this.#rangeDepth === 0) this.#refuse(`{{${kind}}} outside {{range}}`);
    return { kind };
  }

  #control(kind: Control): Statement {
    if (this.#depth === MAX_DEPTH) this.#refuse('max nesting depth exceeded');
    this.#depth += 1;
    const outer = this.#variables.length;
    const pipeline = this.#pipeline(kind, 'right');
    if (kind === 'range') this.#rangeDepth += 1;
    const [then, ending] = this.#list();
    if (kind === 'range') this.#rangeDepth -= 1;
    const otherwise = ending === 'else' ? this.#otherwise(kind) : [];
    this.#variables = this.#variables.slice(0, outer);
    this.#depth -= 1;
    return { kind, pipeline, then, otherwise };
  }

  /** `else`, or `else if` and `else with`, which share the `end` of the first. */
  #otherwise(kind: Control): readonly Statement[] {
    const token = this.#peekWord();
    if (token.kind === 'keyword' && token.text === kind && kind !== 'range') {
      this.#takeWord();
      return [this.#control(kind)];
    }
    const [statements, ending] = this.#list();
    if (ending !== 'end') this.#refuse('expected end; found {{else}}');
    return statements;
  }

  #list(): [readonly Statement[], Ending] {
    const statements: Statement[] = [];
    while (this.#peek().kind !== 'end') {
      const statement = this.#statement();
      if (typeof statement === 'string') return [statements, statement];
      statements.push(statement);
    }
    return this.#refuse('unexpected EOF');
  }

  #pipeline(context: string, end: 'right' | 'close'): Pipeline {
    const { at } = this.#peekWord();
    const { variables, binding } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#peekWord();
      if (token.kind === end) break;
      if (!isOperand(token)) return this.#unexpected(this.#takeWord(), context);
      commands.push(this.#command());
    }
    this.#takeWord();
    if (commands.length === 0) this.#refuse(`missing value for ${context}`);
    for (const [i, { operands }] of commands.entries()) {
      if (i > 0 && ['literal', 'dot', 'nil'].includes(operands[0].kind)) this.#refuse(`non executable command in pipeline stage ${i + 1}`);
    }
    return { kind: 'pipeline', at, variables, binding, commands };
  }

  /** `$x :=`, `$x =`, and before a range `$i, $x :=`. */
  #declarations(context: string): Pick<Pipeline, 'variables' | 'binding'> {
    const variables: string[] = [];
    const start = this.#next;
    for (;;) {
      const token = this.#peekWord();
      if (token.kind !== 'variable') break;
      this.#takeWord();
      const sign = this.#peekWord();
      const isList = sign.kind === 'other' && sign.text === ',';
      if (sign.kind !== 'assign' && sign.kind !== 'declare' && !isList) break;
      this.#takeWord();
      variables.push(token.text);
      this.#variables.push(token.text);
      if (!isList) return { variables, binding: sign.kind === 'assign' ? 'assign' : 'declare' };
      if (context !== 'range' || variables.length > 1) this.#refuse(`too many declarations in ${context}`);
      if (!['variable', 'right', 'close'].includes(this.#peekWord().kind)) this.#refuse('range can only initialize variables');
    }
    if (variables.length === 0) this.#next = start;
    return { variables, binding: 'declare' };
  }

  #command(): Command {
    const operands: Expression[] = [];
    const { at } = this.#peekWord();
    for (;;) {
      this.#peekWord();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#peek();
      if (token.kind === 'space') continue;
      if (token.kind === 'pipe') this.#take();
      else if (token.kind !== 'right' && token.kind !== 'close') return this.#unexpected(this.#take(), 'operand');
      break;
    }
    const [first, ...rest] = operands;
    return first === undefined ? this.#refuse('empty command') : { at, operands: [first, ...rest] };
  }

  #operand(): Expression | undefined {
    const term = this.#term();
    if (term === undefined || this.#peek().kind !== 'field') return term;
    const { at } = this.#peek();
    const names: string[] = [];
    while (this.#peek().kind === 'field') names.push(this.#take().text.slice(1));
    if (term.kind === 'field') return { ...term, at, names: [...term.names, ...names] };
    if (term.kind === 'variable') return { ...term, at, names };
    if (term.kind === 'literal' || term.kind === 'dot' || term.kind === 'nil')
      return this.#refuse(`unexpected . after term ${JSON.stringify(expressionText(term))}`);
    return { kind: 'chain', at, of: term, names };
  }

  #term(): Expression | undefined {
    const token = this.#peek();
    const { at, text } = token;
    if (!isOperand(token)) return undefined;
    this.#take();
    switch (token.kind) {
      case 'identifier':
        return this.#options.functions.has(text) ? { kind: 'function', at, name: text } : this.#refuse(`function ${JSON.stringify(text)} not defined`);
      case 'keyword':
        return text === '.' ? { kind: 'dot', at } : { kind: 'nil', at };
      case 'variable':
        return this.#variables.includes(text) ? { kind: 'variable', at, name: text, names: [] } : this.#refuse(`undefined variable ${JSON.stringify(text)}`);
      case 'field':
        return { kind: 'field', at, names: [text.slice(1)] };
      case 'open':
        return this.#parenthesized();
      case 'bool':
        return { kind: 'literal', at, text, value: text === 'true' };
      default:
        return { kind: 'literal', at, text, value: this.#literal(token) };
    }
  }

  #parenthesized(): Pipeline {
    if (this.#depth === MAX_DEPTH) this.#refuse('max expression depth exceeded');
    this.#depth += 1;
    const pipeline = this.#pipeline('parenthesized pipeline', 'close');
    this.#depth -= 1;
    return pipeline;
  }

  #literal({ kind, text }: Token): bigint | number | string {
    const value = kind === 'number' ? numberOf(text) : unquote(text);
    if (value === undefined && kind === 'string') return this.#refuse('invalid syntax');
    if (kind === 'character') {
      const [character, more] = typeof value === 'string' ? [...value] : [];
      if (more !== undefined) return this.#refuse(`malformed character constant: ${text}`);
      return character === undefined ? this.#refuse('invalid syntax') : BigInt(character.codePointAt(0) ?? 0);
    }
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) return this.#refuse(`integer overflow: ${JSON.stringify(text)}`);
    return value ?? this.#refuse(`illegal number syntax: ${JSON.stringify(text)}`);
  }

  #expectRight(context: string): void {
    const token = this.#takeWord();
    if (token.kind !== 'right') this.#unexpected(token, context);
  }

  #peek(): Token {
    this.#furthest = Math.max(this.#furthest, this.#next);
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  /** Past spaces. */
  #peekWord(): Token {
    while (this.#peek().kind === 'space') this.#next += 1;
    return this.#peek();
  }

  #takeWord(): Token {
    this.#peekWord();
    return this.#take();
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.#refuse(`unexpected ${tokenText(token)} in ${context}`);
    const isElsewhere = this.#actionLine !== 0 && this.#actionLine !== token.line;
    const action = token.text.endsWith(' action') ? '' : ' in action';
    this.#refuse(`${token.text}${isElsewhere ? `${action} started at ${this.#options.name}:${this.#actionLine}` : ''}`);
  }

  #refuse(problem: string): never {
    const { line } = this.#tokens[Math.min(this.#furthest, this.#tokens.length - 1)] as Token;
    throw new TemplateError(`template: ${this.#options.name}:${line}: ${problem}`);
  }
}

function isOperand({ kind, text }: Token): boolean {
  return OPERANDS.has(kind) || (kind === 'keyword' && (text === '.' || text === 'nil'));
}

function tokenText({ kind, text }: Token): string {
  if (kind === 'end') return 'EOF';
  if (kind === 'keyword') return `<${text}>`;
  return text.length > 10 ? `${JSON.stringify(text.slice(0, 10))}...` : JSON.stringify(text);
}

/** Integers as `bigint`; undefined for what only looks like a number. */
function numberOf(text: string): bigint | number | undefined {
  const digits = text.replaceAll('_', '');
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/.exec(digits) ?? [];
  const integer = /^0[0-7]+$/.test(body) ? `0o${body.slice(1)}` : body;
  if (/^(?:0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|0|[1-9]\d*)$/.test(integer)) return sign === '-' ? -BigInt(integer) : BigInt(integer);
  return /^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(body) ? Number(digits) : undefined;
}

const OPERANDS: ReadonlySet<TokenKind> = new Set(['identifier', 'variable', 'field', 'open', 'bool', 'number', 'character', 'string']);
const MAX_DEPTH = 1000;
