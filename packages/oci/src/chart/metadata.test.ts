import { describe, expect, test } from 'vitest';
import { chartOf } from './chart.ts';
import { chartYaml, metadataJson, metadataYaml, parseMetadata } from './metadata.ts';

const parse = (text: string) => parseMetadata({ file: 'Chart.yaml', data: Buffer.from(text) });
const MINIMAL = 'apiVersion: v2\nname: foo\nversion: 1.0.0\n';

describe('Chart.yaml', () => {
  test('becomes JSON in the order of helm, without what is empty', () => {
    const text = `${MINIMAL}type: application\nkeywords: [b, 1.10]\nmaintainers: [{email: e, name: team}]\nannotations: {"9": a, "10": <b>}\ndeprecated: true\nicon: ""\n`;
    expect(metadataJson(parse(text))).toBe(
      '{"name":"foo","version":"1.0.0","keywords":["b","1.1"],"maintainers":[{"name":"team","email":"e"}],"apiVersion":"v2","deprecated":true,' +
        '"annotations":{"10":"\\u003cb\\u003e","9":"a"},"type":"application"}',
    );
  });

  test('dependencies always have a name and a repository', () => {
    const text = `${MINIMAL}dependencies: [{name: a, version: ^1, tags: [x], enabled: true, import-values: [data, {child: c, parent: p}], alias: b}]\n`;
    expect(metadataJson(parse(text))).toContain(
      '"dependencies":[{"name":"a","version":"^1","repository":"","tags":["x"],"enabled":true,"import-values":["data",{"child":"c","parent":"p"}],"alias":"b"}]',
    );
  });

  test('without an apiVersion it is of version 1, whose dependencies stay in their own file', () => {
    const metadata = parse('name: foo\nversion: 1.0.0\ndependencies: [{name: a}]\n');
    expect(metadata.apiVersion).toBe('v1');
    expect(chartYaml(metadata)).not.toContain('dependencies');
    expect(metadataYaml(metadata)).toContain('dependencies');
  });

  test('names match whatever their case, and unknown ones are ignored', () => {
    expect(parse('APIVERSION: v2\nNAME: foo\nVersion: 1\nother: 2\n')).toMatchObject({ name: 'foo', version: '1' });
  });

  test('what cannot be printed is taken out', () => {
    expect(parse(`${MINIMAL}description: "a\\tb\\u200bc\\u202ed"\n`).description).toBe('a bcd');
  });

  test.each([
    ['', 'chart.metadata.name is required'],
    ['name: foo', 'chart.metadata.version is required'],
    ['name: ..\nversion: 1.0.0', 'chart.metadata.name ".." is not allowed'],
    ['name: a/b\nversion: 1.0.0', 'chart.metadata.name "a/b" is invalid'],
    ['name: ../a\nversion: 1.0.0', 'chart.metadata.name "../a" is invalid'],
    ['name: a\\b\nversion: 1.0.0', 'chart.metadata.name "a\\b" is invalid'],
    ['name: foo\nversion: latest', 'chart.metadata.version "latest" is invalid'],
    ['name: foo\nversion: 1.0.0/../x', 'chart.metadata.version "1.0.0/../x" is invalid'],
    ['name: foo\nversion: 1.0.0\ntype: thing', 'chart.metadata.type must be application or library'],
    ['name: foo\nversion: 1.0.0\nmaintainers: [null]', 'maintainers must not contain empty or null nodes'],
    ['name: foo\nversion: 1.0.0\ndependencies: [{name: a}, {name: b, alias: a}]', 'more than one dependency with name or alias "a"'],
    ['name: foo\nversion: 1.0.0\ndependencies: [{name: a, alias: x/y}]', 'dependency "a" has disallowed characters in the alias'],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'CHART_METADATA', message: `validation: ${message}` }));
  });

  test.each([
    ['name: [a]', 'cannot unmarshal array into Go struct field Metadata.name of type string'],
    ['keywords: a', 'cannot unmarshal string into Go struct field Metadata.keywords of type []string'],
    ['deprecated: 1', 'cannot unmarshal number into Go struct field Metadata.deprecated of type bool'],
    ['annotations: {a: {b: c}}', 'cannot unmarshal object into Go struct field Metadata.annotations of type string'],
    ['maintainers: [{name: [a]}]', 'cannot unmarshal array into Go struct field Maintainer.maintainers.name of type string'],
    ['[a]', 'cannot unmarshal array into Go value of type chart.Metadata'],
  ])('refuses the shape of %j', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'CHART_FILE', message: `cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: ${message}` }),
    );
  });
});

describe('a chart', () => {
  const chart = (files: Readonly<Record<string, string>>) =>
    chartOf(Object.entries({ 'Chart.yaml': MINIMAL, ...files }).map(([name, content]) => ({ name, data: Buffer.from(content) })));

  test('takes dependencies of old charts from requirements.yaml', async () => {
    const { metadata, files } = await chart({ 'Chart.yaml': 'name: foo\nversion: 1.0.0\n', 'requirements.yaml': 'dependencies: [{name: a, repository: r}]\n' });
    expect(metadata.dependencies.map(({ name }) => name)).toEqual(['a']);
    expect(files.map(({ name }) => name)).toEqual(['requirements.yaml']);
  });

  test('has the charts within by the names of their folders, without those set aside', async () => {
    const inner = (name: string) => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`;
    const { dependencies } = await chart({ 'charts/b/Chart.yaml': inner('bar'), 'charts/a/Chart.yaml': inner('baz'), 'charts/_c/Chart.yaml': inner('aside') });
    expect(dependencies.map(({ metadata }) => metadata.name)).toEqual(['baz', 'bar']);
  });

  test.each([
    [{ 'charts/b/values.yaml': '' }, 'error unpacking subchart b in foo: Chart.yaml file is missing'],
    [{ 'charts/README.md': '' }, 'error unpacking subchart README.md in foo: Chart.yaml file is missing'],
    [
      { 'values.yaml': '- a' },
      'cannot load values.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    [{ 'Chart.lock': 'generated: soon' }, 'cannot load Chart.lock: generated is not a time'],
  ])('refuses %j', async (files, message) => {
    await expect(chart(files)).rejects.toMatchObject({ code: 'CHART_FILE', message });
  });
});
