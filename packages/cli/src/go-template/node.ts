/** The parts of a parsed template, and their text as error messages show it. */

/** Something that has a value. `at` is where messages point. */
export type Expression =
  | { readonly kind: 'field'; readonly at: number; readonly names: readonly string[] }
  | { readonly kind: 'variable'; readonly at: number; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: 'chain'; readonly at: number; readonly of: Expression; readonly names: readonly string[] }
  | { readonly kind: 'dot'; readonly at: number }
  | { readonly kind: 'nil'; readonly at: number }
  | { readonly kind: 'literal'; readonly at: number; readonly text: string; readonly value: boolean | bigint | number | string }
  | { readonly kind: 'function'; readonly at: number; readonly name: string }
  | Pipeline;

export interface Pipeline {
  readonly kind: 'pipeline';
  readonly at: number;
  /** Variables that get the value. */
  readonly variables: readonly string[];
  /** Whether they are new, or were declared before. */
  readonly binding: 'declare' | 'assign';
  readonly commands: readonly Command[];
}

/** An operand or a function with its arguments. */
export interface Command {
  readonly at: number;
  readonly operands: readonly [Expression, ...Expression[]];
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | { readonly kind: 'if' | 'with' | 'range'; readonly pipeline: Pipeline; readonly then: readonly Statement[]; readonly otherwise: readonly Statement[] }
  | { readonly kind: 'break' | 'continue' };

export function expressionText(node: Expression): string {
  const fields = (names: readonly string[]) => names.map((name) => `.${name}`).join('');
  switch (node.kind) {
    case 'field':
      return fields(node.names);
    case 'variable':
      return `${node.name}${fields(node.names)}`;
    case 'chain':
      return `${argumentText(node.of)}${fields(node.names)}`;
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'literal':
      return node.text;
    case 'function':
      return node.name;
    case 'pipeline': {
      const sign = node.binding === 'assign' ? '=' : ':=';
      const variables = node.variables.length === 0 ? '' : `${node.variables.join(', ')} ${sign} `;
      return `${variables}${node.commands.map(commandText).join(' | ')}`;
    }
  }
}

export function commandText({ operands }: Command): string {
  return operands.map(argumentText).join(' ');
}

function argumentText(node: Expression): string {
  return node.kind === 'pipeline' ? `(${expressionText(node)})` : expressionText(node);
}
