import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { imagesOfManifests } from './manifest-images.ts';

const images = (yaml: string) => imagesOfManifests(utf8(yaml));

/** A pod with two containers, in one line. */
const POD = (name: string) => `{initContainers: [{image: "${name}-init"}], containers: [{image: ${name}}, {name: without}]}`;

describe('the images of', () => {
  test.each<[string, string, string[]]>([
    ['a pod', `kind: Pod\nspec: ${POD('a')}`, ['a-init', 'a']],
    ['a deployment, and whatever has a pod template', `kind: Deployment\nspec: {template: {spec: ${POD('a')}}}`, ['a-init', 'a']],
    ['a cron job', `kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: ${POD('a')}}}}}`, ['a-init', 'a']],
    ['a pod template', `kind: PodTemplate\ntemplate: {spec: ${POD('a')}}`, ['a-init', 'a']],
    ['a list', `kind: List\nitems: [{spec: ${POD('a')}}, {spec: {template: {spec: ${POD('b')}}}}]`, ['a-init', 'a', 'b-init', 'b']],
    ['ephemeral containers', 'spec: {ephemeralContainers: [{image: debug}]}', ['debug']],
    ['volumes', 'spec: {containers: [{image: a}], volumes: [{name: x, emptyDir: {}}, {image: {reference: data}}]}', ['a', 'data']],
    ['several documents', `spec: ${POD('a')}\n---\n# nothing\n---\nspec: ${POD('b')}\n`, ['a-init', 'a', 'b-init', 'b']],
    ['a document in JSON', '{"spec": {"containers": [{"image": "a"}]}}', ['a']],
    ['anchors and merge keys', 'x: &c {image: a}\nspec: {containers: [*c, {<<: *c, name: b}]}', ['a', 'a']],
    ['something without pods', 'kind: ConfigMap\ndata: {image: a}', []],
    ['something of other shapes', 'spec: [1]\nitems: {a: b}\ntemplate: text', []],
    ['containers that are none', 'spec: {containers: [1, null, [], {image: 7}, {image: ""}, {image: {a: b}}]}', []],
    ['nothing', '', []],
  ])('%s', (_, yaml, expected) => {
    expect(images(yaml)).toEqual(expected);
  });
});

describe('refused is', () => {
  const LAUGHS = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]`).join('\n');
  test.each([
    ['what is no YAML', 'a: [b'],
    ['an image given twice: who knows which one counts', 'spec: {containers: [{image: a, image: b}]}'],
    ['an alias of nothing', 'spec: *x'],
    ['aliases that multiply', `a0: &a0 [x]\n${LAUGHS}\nspec: {containers: *a12}`],
    ['brackets nested a hundred thousand deep', `a: ${'['.repeat(100_000)}`],
    ['maps nested a hundred thousand deep', `${'{a: '.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])('%s', (_, yaml) => {
    expect(() => images(yaml)).toThrow('unable to decode the manifest');
  });

  test('what is no UTF-8', () => {
    expect(() => imagesOfManifests(Uint8Array.of(0x61, 0x3a, 0x20, 0xff))).toThrow('unable to decode the manifest');
  });

  test('nothing of a prototype', () => {
    expect(images('__proto__: {spec: {containers: [{image: a}]}}\nspec: {__proto__: {containers: [{image: b}]}}')).toEqual([]);
  });
});
