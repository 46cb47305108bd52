import { describe, expect, test } from 'vitest';
import { MissingValue, parseCiTemplate, TemplateProblem } from './ci-template.ts';

const VALUES = new Map([
  ['url', 'https://ci.example'],
  ['ref', 'main'],
  ['type', 'branch'],
  ['none', ''],
  ['a/b-c', 'odd'],
  ['flag', 'true'],
]);

describe('prints', () => {
  // Each of these gives the same with Go's text/template, over a map[string]string and with missingkey=error.
  const cases: Record<string, [string, string]> = {
    'the value of a bare name': ['ref', 'main'],
    'text and fields': ['{{ .url }}/{{.ref}}/x', 'https://ci.example/main/x'],
    'text with single braces': ['{a} {{.ref}} }}', '{a} main }}'],
    'any name with index': ['{{index . "a/b-c"}}', 'odd'],
    'nothing for a name that index does not find': ['[{{ (index . "absent") }}]', '[]'],
    'a string': ['{{ "a\\"}}b" }}{{`c"d`}}', 'a"}}bc"d'],
    'the first branch': ['refs/{{if eq .type "branch"}}heads/{{ else }}tags/{{end}}{{ .ref }}', 'refs/heads/main'],
    'the second branch': ['refs/{{if eq .type "tag"}}tags/{{ else }}heads/{{end}}{{ .ref }}', 'refs/heads/main'],
    'nothing without a second branch': ['{{if .none}}x{{end}}', ''],
    'what is true for a text': ['{{if .ref}}x{{end}}', 'x'],
    'a branch within a branch': ['{{if .ref}}{{if .none}}a{{else}}b{{end}}{{else}}c{{end}}', 'b'],
    'eq with several': ['{{eq .type "tag" "branch"}}', 'true'],
    'eq of what index finds': ['{{if eq (index . "flag") "true"}}yes{{ else }}""{{end}}', 'yes'],
  };
  for (const [name, [template, expected]] of Object.entries(cases)) test(name, () => expect(parseCiTemplate(template)(VALUES)).toBe(expected));
});

describe('needs', () => {
  const cases: Record<string, [string, string]> = {
    'a bare name': ['absent', 'absent'],
    'a field': ['{{.absent}}', 'absent'],
    'a field in a condition': ['{{if .absent}}{{end}}', 'absent'],
    'no field of the branch not taken': ['{{if .none}}{{.absent}}{{end}}{{.other}}', 'other'],
  };
  for (const [name, [template, missing]] of Object.entries(cases)) {
    test(name, () => expect(() => parseCiTemplate(template)(VALUES)).toThrow(new MissingValue(missing)));
  }
});

describe('is refused when it is read', () => {
  const cases: Record<string, [string, string]> = {
    'braces without an end': ['{{.url', '{{ without its }}'],
    'nothing between braces': ['{{}}', '{{}} is not known here'],
    'a field of a field': ['{{.url.host}}', '".url.host" is not known here'],
    'a function': ['{{printf "%s" .url}}', '"printf" is not known here'],
    'a pipe': ['{{.url | len}}', 'is not known here'],
    'a trim marker': ['{{- .url -}}', '"-" is not known here'],
    'a comment': ['{{/* x */}}', '"/*" is not known here'],
    'a variable': ['{{$x := .url}}', '"$x" is not known here'],
    'two values': ['{{.url .ref}}', '{{.url .ref}} is not known here'],
    'index of something else': ['{{index .url 1}}', 'index is known in one form'],
    'eq of one': ['{{eq .url}}', 'is not known here'],
    'a parenthesis without an end': ['{{(.url}}', 'is not known here'],
    'an end without a beginning': ['{{end}}', '{{end}} without {{if}}'],
    'a beginning without an end': ['{{if .url}}x', '{{if}} without {{end}}'],
    'two else': ['{{if .url}}{{else}}{{else}}{{end}}', '{{if}} without {{end}}'],
    'else if': ['{{if .url}}{{else if .ref}}{{end}}', '{{else if .ref}} is not known here'],
    'a range': ['{{range .url}}{{end}}', '"range" is not known here'],
  };
  for (const [name, [template, problem]] of Object.entries(cases)) {
    test(name, () => {
      expect(() => parseCiTemplate(template)).toThrow(TemplateProblem);
      expect(() => parseCiTemplate(template)).toThrow(problem);
    });
  }
});
