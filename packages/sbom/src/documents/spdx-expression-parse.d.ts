/** The package has no types of its own. */
declare module 'spdx-expression-parse' {
  export type Expression =
    | { readonly license: string; readonly plus?: true; readonly exception?: string }
    | { readonly conjunction: 'and' | 'or'; readonly left: Expression; readonly right: Expression };
  /** Throws `Error` for what is no expression. */
  export default function parse(source: string): Expression;
}
