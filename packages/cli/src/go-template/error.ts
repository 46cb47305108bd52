/** A template that cannot be read or evaluated, in the words of Go's `text/template`: `template: NAME:LINE:COLUMN: …`. */
export class TemplateError extends Error {}

/** What a function refuses; the evaluator says which function it was, and where. */
export class FunctionError extends Error {}
