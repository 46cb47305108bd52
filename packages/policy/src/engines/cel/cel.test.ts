/** Every function once at least, and expressions that would like to run for ever. What is expected of functions is what Kubernetes and Kyverno document. */
import { describe, expect, test, vi } from 'vitest';
import {
  type CelHost,
  type CelValue,
  celEnvironment,
  checkCelCondition,
  compileCel,
  evaluateCelCondition,
  fromCel,
  Meter,
  registerAsync,
  toCel,
} from './index.ts';

const environment = celEnvironment(['object', 'none']);
registerAsync(environment, {
  'later(dyn): dyn': async (value: unknown) => {
    await new Promise((resolve) => setImmediate(resolve));
    return value;
  },
});

const OBJECT = toCel({ name: 'app', count: 3, ratio: 0.5, labels: { env: 'prod', constructor: 'x', ['__proto__']: 'y' }, list: [1, 2, 3], nothing: null });
const HOST: CelHost = { now: new Date('2026-03-04T05:06:07Z') };

async function run(text: string, meter?: Meter, host = HOST): Promise<CelValue> {
  return compileCel(text, environment).evaluate({ object: OBJECT, none: null }, { host, ...(meter !== undefined && { meter }) });
}

describe('what is true', () => {
  test.each([
    // Values and operators.
    'object != null && none == null && object.nothing == null',
    'object.count == 3 && object.count == 3.0 && object.ratio < 1',
    'object.labels == {"env": "prod", "constructor": "x", "__proto__": object.labels["__proto__"]} || true',
    'object.labels.constructor == "x" && object.labels["__proto__"] == "y"',
    '(object != null ? object : none).name == "app"',
    'has(object.labels.env) && !has(object.labels.other) && has(later(object).labels.env)',
    'object.?other.orValue("d") == "d" && object.?name.orValue("d") == "app" && !object.?other.hasValue()',
    '1 / 0 == 1 || true',
    '!(false && 1 / 0 == 1)',
    '[1, "a", true].size() == 3 && "a" in [1, "a"]',
    'cel.bind(x, object.count, x + x) == 6',
    // Macros, with and without waiting.
    '[1, 2, 3].all(x, x > 0) && [1, 2, 3].exists(x, x > 2) && [1, 2, 3].exists_one(x, x == 2)',
    '[1, 2, 3].map(x, x * 2) == [2, 4, 6] && [1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2, 3].map(x, x > 1, x * 10) == [20, 30]',
    '[1, 2, 3].map(x, later(x)).all(x, x > 0) && object.list.map(x, [1, 2].map(y, later(x * y))) == [[1, 2], [2, 4], [3, 6]]',
    'object.labels.exists(k, k == "env")',
    // Strings.
    '"tacocat".charAt(3) == "o" && "tacocat".charAt(7) == ""',
    '"hello mellow".indexOf("ello", 2) == 7 && "hello mellow".indexOf("") == 0 && "hello mellow".indexOf("jello") == -1',
    '"hello mellow".lastIndexOf("ello") == 7 && "hello mellow".lastIndexOf("ello", 6) == 1',
    '"TacoCÆt".lowerAscii() == "tacocÆt" && "TacoCæt".upperAscii() == "TACOCæT"',
    '"hello hello".replace("he", "we") == "wello wello" && "hello hello".replace("he", "we", 1) == "wello hello" && "abc".replace("", "-") == "-a-b-c-"',
    '"hello hello".replace("he", "we", 0) == "hello hello" && "hello hello hello".split(" ", 2) == ["hello", "hello hello"] && "abc".split("") == ["a", "b", "c"]',
    '"a b".split(" ", 0) == [] && "a b".split(" ", -1) == ["a", "b"]',
    '"tacocat".substring(4) == "cat" && "ta©o©αT".substring(3, 6) == "o©α" && "a😀b".substring(1, 2) == "😀" && "a😀b".indexOf("b") == 2',
    '"  a ".trim() == "a" && ["a", "b"].join("-") == "a-b" && ["a", "b"].join() == "ab" && [].join() == ""',
    '"%s is %d, %.2f, %x, %X, %b, %o, %e, %%".format(["a", 42, 1.005, 255, "Az", 5, 8, 1200.0]) == "a is 42, 1.00, ff, 417A, 101, 10, 1.200000e+03, %"',
    '"%s %s".format([[1, "a"], {"b": 2}]) == "[1, a] {b: 2}"',
    // Regular expressions: RE2.
    '"abc".matches("^a.c$") && !"abc".matches("b$") && matches("foobar", "o+b")',
    '"abc 123 de 45".find("[0-9]+") == "123" && "abc".find("[0-9]+") == "" && "1 22 333".findAll("[0-9]+") == ["1", "22", "333"]',
    '"1 22 333".findAll("[0-9]+", 2) == ["1", "22"] && "1 22".findAll("[0-9]+", 0) == []',
    'regex.replace("hello world", "(\\\\w+) (\\\\w+)", "\\\\2 \\\\1") == "world hello" && regex.replace("aaa", "a", "b", 2) == "bba"',
    'regex.extract("item-A-1", "item-(\\\\w+)").value() == "A" && !regex.extract("x", "y").hasValue() && regex.extractAll("a1b2", "[0-9]") == ["1", "2"]',
    // Lists and sets.
    '[3, 1, 2].sum() == 6 && [1.5, 2.5].sum() == 4.0 && [].sum() == 0 && [3, 1, 2].min() == 1 && ["b", "a"].max() == "b"',
    '[1, 2, 2].isSorted() && ![2, 1].isSorted() && [1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(2) == -1',
    '[1, 2, 3, 4].slice(1, 3) == [2, 3] && [[1], [2, [3]]].flatten() == [1, 2, [3]] && [[1, [2, [3]]]].flatten(2) == [1, 2, [3]]',
    'lists.range(3) == [0, 1, 2] && [1, 2, 2, 1].distinct() == [1, 2] && [1, 2].reverse() == [2, 1] && [3, 1, 2].sort() == [1, 2, 3]',
    '[1, 2].first().value() == 1 && [1, 2].last().value() == 2 && ![].first().hasValue()',
    'sets.contains([1, 2, 3], [2, 3]) && !sets.contains([1], [2]) && sets.equivalent([1, 2, 2], [2, 1]) && sets.intersects([1], [1, 2]) && !sets.intersects([1], [2])',
    'optional.of(2).optMap(x, x + 1).value() == 3 && !optional.none().optMap(x, x).hasValue() && object.?name.optFlatMap(n, object.?count).value() == 3',
    '[3, 1, 2].sortBy(x, -x) == [3, 2, 1] && ["bb", "a"].sortBy(s, later(s.size())) == ["a", "bb"]',
    // Numbers.
    'math.greatest(1, 3, 2) == 3 && math.least([3, 1.5]) == 1.5 && math.abs(-2) == 2 && math.ceil(1.2) == 2.0 && math.floor(-1.2) == -2.0 && math.round(1.5) == 2.0',
    'math.round(3.14159, 2) == 3.14 && math.trunc(-1.7) == -1.0 && math.sign(-5) == -1 && math.isNaN(0.0 / 0.0) && math.isInf(1.0 / 0.0) && math.sqrt(9.0) == 3.0',
    'math.bitAnd(6, 3) == 2 && math.bitOr(6, 3) == 7 && math.bitXor(6, 3) == 5 && math.bitNot(0) == -1 && math.bitShiftLeft(1, 3) == 8 && math.bitShiftRight(8, 2) == 2',
    // Time.
    'duration("1h30m") == duration("90m") && duration("-1.5s") < duration("0") && duration("1h").getMinutes() == 60',
    'timestamp("2024-01-02T03:04:05Z") - timestamp("2024-01-02T03:04:00Z") == duration("5s") && timestamp("2024-01-02T03:04:05Z").getFullYear() == 2024',
    'timestamp(0) == timestamp("1970-01-01T00:00:00Z") && string(timestamp("2024-01-02T03:04:05Z")) == "2024-01-02T03:04:05Z" && int(timestamp(5)) == 5',
    'timestamp("2024-01-01T00:00:00Z").getHours("America/New_York") == 19',
    'time.now() == timestamp("2026-03-04T05:06:07Z") && time.toCron(time.now()) == "6 5 4 3 3" && time.truncate(time.now(), duration("1h")) == timestamp("2026-03-04T05:00:00Z")',
    // URLs and addresses.
    'url("https://u@example.com:80/a%20b?x=1&x=2#f").getHost() == "example.com:80" && url("https://[::1]:80/").getHostname() == "::1" && url("https://a:80/").getPort() == "80"',
    'url("https://a/b?x=1&x=2").getQuery() == {"x": ["1", "2"]} && url("/a/b").getEscapedPath() == "/a/b" && url("https://a").getScheme() == "https"',
    'isURL("https://a/b") && !isURL("a/b") && !isURL("https://a b") && isURL("/path")',
    'ip("127.0.0.1").isLoopback() && ip("::1").family() == 6 && ip("fe80::1").isLinkLocalUnicast() && ip("0.0.0.0").isUnspecified() && ip("8.8.8.8").isGlobalUnicast()',
    '!isIP("::ffff:1.2.3.4") && !isIP("fe80::1%eth0") && !isIP("256.0.0.1") && ip.isCanonical("2001:db8::1") && !ip.isCanonical("2001:DB8::1") && ip("ff02::1").isLinkLocalMulticast()',
    'string(ip("2001:0db8:0:0:0:0:0:1")) == "2001:db8::1" && ip("::1") == ip("0:0:0:0:0:0:0:1")',
    'cidr("10.0.0.0/8").containsIP("10.1.2.3") && !cidr("10.0.0.0/8").containsIP(ip("11.0.0.1")) && cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")',
    'cidr("10.1.2.3/8").masked() == cidr("10.0.0.0/8") && cidr("10.0.0.0/8").prefixLength() == 8 && string(cidr("10.1.2.3/8").ip()) == "10.1.2.3" && !isCIDR("10.0.0.0/33")',
    // Quantities and versions.
    'quantity("1Gi").isGreaterThan(quantity("1G")) && quantity("500m").compareTo(quantity("0.5")) == 0 && quantity("1k").asInteger() == 1000 && quantity("1.5").sign() == 1',
    'quantity("1").add(quantity("500m")) == quantity("1.5") && quantity("1").sub(2).isLessThan(quantity("0")) && quantity("1e3").isInteger() && !quantity("1m").isInteger()',
    'isQuantity("12Mi") && !isQuantity("12 Mi") && !isQuantity("") && quantity("250m").asApproximateFloat() == 0.25',
    'semver("1.2.3").isLessThan(semver("1.10.0")) && semver("1.0.0-alpha.1").isLessThan(semver("1.0.0-alpha.beta")) && semver("1.0.0-rc").isLessThan(semver("1.0.0"))',
    'semver("v1.02", true) == semver("1.2.0") && !isSemver("v1.0.0") && isSemver("v1.0", true) && semver("1.2.3+b").major() == 1 && semver("1.2.3").patch() == 3',
    // Formats.
    '!format.dns1123Label().validate("my-name").hasValue() && format.dns1123Label().validate("My").hasValue() && format.named("uuid").value().validate("x").hasValue()',
    '!format.qualifiedName().validate("example.com/name").hasValue() && format.qualifiedName().validate("a/b/c").hasValue() && !format.named("nope").hasValue()',
    '!format.labelValue().validate("").hasValue() && !format.byte().validate("aGk=").hasValue() && format.date().validate("2024-02-31").hasValue() && !format.datetime().validate("2024-02-03T04:05:06Z").hasValue()',
    // Kyverno's.
    'parseImageReference("ghcr.io/a/b:1").registry() == "ghcr.io" && image("nginx").repository() == "library/nginx" && image("nginx").tag() == "latest" && !image("nginx").containsDigest()',
    `parseImageReference("a.io/b:1@sha256:${'0'.repeat(64)}").identifier() == "1@sha256:${'0'.repeat(64)}" && image("nginx:1").identifierWithSeparator() == ":1" && image("a.io/b@sha256:${'0'.repeat(64)}").digest().startsWith("sha256:")`,
    'isImage("nginx") && !isImage("NGINX:::")',
    'json.unmarshal("{\\"a\\": [1, 2.5]}").a[1] == 2.5 && json.marshal({"b": [1, true, null]}) == "{\\"b\\":[1,true,null]}"',
    'yaml.parse("a: {b: [1, x]}").a.b[1] == "x"',
    'sha256("a") == hash.sha256("a") && md5("a") == "0cc175b9c0f1b6a831c399e269772661" && hash.sha1("a") == "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"',
    'string(base64.decode("aGk=")) == "hi" && base64.encode(b"hi") == "aGk=" && gzip.decompress(gzip.compress("hi")) == "hi"',
    'parseServiceAccount("system:serviceaccount:ns:sa").Name == "sa" && user.parseServiceAccount("other").Namespace == ""',
    'listObjToMap([{"k": "a"}], [{"v": 1}], "k", "v") == {"a": 1} && transform.listObjToMap([], [], "k", "v").size() == 0',
  ])('%s', async (text) => {
    expect(await run(text)).toBe(true);
  });
});

describe('what is refused', () => {
  test.each([
    ['object.other', 'no such key: other'],
    ['object.list[7]', 'no such key: index out of bounds, index 7 >= size 3'],
    ['"a".charAt(9)', 'index out of range: 9'],
    ['"abc".substring(2, 1)', 'invalid substring range. start: 2, end: 1'],
    ['[].min()', 'min called on empty list'],
    ['duration("1x")', 'invalid duration "1x"'],
    ['timestamp("yesterday")', 'invalid timestamp "yesterday"'],
    ['quantity("12 Mi")', 'quantity parse error: "12 Mi" is not a quantity'],
    ['"a".matches("(")', 'error parsing regexp: missing closing ): `(`'],
    ['json.unmarshal("{")', /^json\.unmarshal: .* at offset 1$/],
    ['json.unmarshal("{\\"a\\":1,\\"a\\":2}")', /^json\.unmarshal: /],
    ['random()', 'random() is refused: a policy must answer the same question in the same way'],
    ['random.random("[a-z]")', 'random() is refused: a policy must answer the same question in the same way'],
    ['resource.get("v1", "configmaps", "ns", "name")', 'resource.get is not available here'],
    ['resource.List("v1", "pods")', 'resource.list is not available here'],
    ['http.Get("http://example.com")', 'http.get is not available here'],
    ['globalContext.get("a", "b")', 'globalContext.get is not available here'],
    ['image.GetMetadata("nginx")', 'image.getMetadata is not available here'],
    ['gzip.decompress(b"x")', 'gzip.decompress: not gzip, or larger than 16777216 bytes'],
    ['9223372036854775807 + 1', /^integer overflow/],
  ])('%s', async (text, message) => {
    await expect(run(text)).rejects.toMatchObject({ code: 'POLICY_CEL', message: message instanceof RegExp ? expect.stringMatching(message) : message });
  });

  test.each([
    ['1 +', /unexpected token/],
    ['unknown', 'unknown variable: unknown'],
    ['"a" - "b"', 'no such overload: string - string'],
    ['nofunction(1)', /found no matching overload for 'nofunction\(int\)'/],
    ['"abc".matches(1)', /found no matching overload for 'string\.matches\(int\)'/],
    ['has(1)', 'invalid argument to has() macro'],
    ['{{}: 1}', 'the key of a map must be a number, a boolean or a string'],
  ])('%s does not compile', (text, message) => {
    expect(() => compileCel(text, environment)).toThrow(
      expect.objectContaining({ code: 'POLICY_CEL_SYNTAX', message: message instanceof RegExp ? expect.stringMatching(message) : message }),
    );
  });

  test('a result of another type than is expected, when it is known and when it is not', async () => {
    expect(() => compileCel('1', environment, 'bool')).toThrow(
      expect.objectContaining({ code: 'POLICY_CEL_SYNTAX', message: 'output is expected to be of type bool' }),
    );
    await expect(compileCel('object.name', environment, 'bool').evaluate({ object: OBJECT, none: null })).rejects.toMatchObject({ code: 'POLICY_CEL' });
  });
});

const nested = (times: number, one: (i: number) => string, inner: string, name = 'v'): string =>
  Array.from({ length: times }, (_, i) => times - i).reduce((text, i) => `cel.bind(${name}${i}, ${one(i)}, ${text})`, inner);

describe('what would like to run for ever', () => {
  test.each([
    ['loops in loops', 'lists.range(1000).map(a, lists.range(1000).map(b, lists.range(1000).map(c, a * b * c))).size() > 0'],
    ['a loop whose items fail, in a very long text', `${' '.repeat(60_000)}lists.range(100000).exists(a, 1 / 0 == a)`],
    ['a loop whose items fail', 'lists.range(100000).exists(a, lists.range(100000).exists(b, 1 / 0 == a + b))'],
    ['an error that an || would swallow', 'lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, true))) || true'],
    ['text that doubles', `cel.bind(v0, "aaaaaaaaaaaaaaaa", ${nested(60, (i) => `v${i - 1} + v${i - 1}`, 'v60.size()')})`],
    ['a list that doubles', `cel.bind(v0, [1, 2], ${nested(60, (i) => `v${i - 1} + v${i - 1}`, 'v60.size()')})`],
    ['the comparison of two trees of shared parts', nested(40, (i) => (i === 1 ? '[1, 1]' : `[v${i - 1}, v${i - 1}]`), 'v40 == [v39, [v38, [v37, 1]]]')],
    ['a member looked for in such a tree', nested(40, (i) => (i === 1 ? '[1, 1]' : `[v${i - 1}, v${i - 1}]`), '[v39] in v40')],
    ['such a tree as JSON', nested(40, (i) => (i === 1 ? '[1, 1]' : `[v${i - 1}, v${i - 1}]`), 'json.marshal(v40)')],
    ['such a tree as text', nested(40, (i) => (i === 1 ? '[1, 1]' : `[v${i - 1}, v${i - 1}]`), '"%s".format([v40])')],
    [
      'such a tree and its twin as sets',
      `${nested(
        40,
        (i) => (i === 1 ? '[1, 1]' : `[v${i - 1}, v${i - 1}]`),
        nested(40, (i) => (i === 1 ? '[1, 1]' : `[w${i - 1}, w${i - 1}]`), 'sets.contains([v40], [w40])', 'w'),
      )}`,
    ],
    ['a pattern over very long text', 'lists.range(200000).map(x, "aaaaaaaaaaaaaaaa").join().matches("(a|b|ab)*(a|b|ab)*(a|b|ab)*c")'],
    ['many matches that each look to the end', 'lists.range(20000).map(x, "aaaa").join().findAll("a.*z|a").size()'],
    [
      'a search for what is nearly everywhere',
      'lists.range(100000).map(x, "aaaaaaaaaaaaaaaa").join().contains("b" + lists.range(50000).map(x, "aaaaaaaaaaaaaaaa").join())',
    ],
    ['zones of time', 'lists.range(1000000).all(x, timestamp(x).getHours("America/New_York") >= 0)'],
    ['a list of everything', 'lists.range(9000000000000000).size()'],
    ['negations without end', `${'!'.repeat(60_000)}true`],
    ['brackets in brackets', `${'('.repeat(200)}1${')'.repeat(200)} == ${'['.repeat(30_000)}`],
  ])(
    '%s',
    async (_, text) => {
      const failure = await run(text).then(
        () => 'it ended',
        (error) => error.code,
      );
      expect(['POLICY_CEL_LIMIT', 'POLICY_CEL_SYNTAX']).toContain(failure);
    },
    30_000,
  );

  test.each([
    ['more than 65536 characters', `"${'a'.repeat(66_000)}"`],
    ['more nodes than any policy has', Array(15_000).fill('1').join('+')],
    ['keys whose types double', `cel.bind(v0, {1: 1}, ${nested(40, (i) => `{v${i - 1}: v${i - 1}}`, 'v40.size()')})`],
  ])('%s are refused unread', (_, text) => {
    expect(() => compileCel(text, environment)).toThrow(expect.objectContaining({ code: 'POLICY_CEL_SYNTAX' }));
  });

  test('a pattern that makes other engines try every way is answered at once', async () => {
    const meter = new Meter();
    expect(await run(`"${'a'.repeat(200)}".matches("^(a+)+$") && !"${'a'.repeat(200)}b".matches("^(a+)+$")`, meter)).toBe(true);
    expect(meter.used).toBeLessThan(50_000);
  });

  test('digits without a unit are no duration, however many', async () => {
    await expect(run(`duration("${'1'.repeat(5000)}")`)).rejects.toMatchObject({ code: 'POLICY_CEL' });
  });
});

describe('the meter', () => {
  test.each([
    ['a name', 'object', 1],
    ['a member', 'object.name', 2],
    ['a call', '"a".size()', 1],
    ['an operator and both of its sides', 'object.count + object.count', 5],
    ['a negation', '!object.list.all(x, false)', 5],
    ['a list', '[object.count, 1]', 5],
    ['a map', '{"a": object.count}', 3],
    ['a condition', 'true ? object.count : 0', 3],
    ['has', 'has(object.name)', 1],
    ['a binding', 'cel.bind(x, object, x.name)', 3],
  ])('counts %s', async (_, text, least) => {
    const meter = new Meter();
    await run(text, meter);
    expect(meter.used).toBeGreaterThanOrEqual(least);
  });

  test('counts each turn of a loop', async () => {
    const [few, many] = [new Meter(), new Meter()];
    await run('lists.range(10).all(x, x + 1 > 0)', few);
    await run('lists.range(1000).all(x, x + 1 > 0)', many);
    expect(many.used).toBeGreaterThan(50 * few.used);
  });

  test('is shared by what one evaluation asks', async () => {
    const meter = new Meter(1000);
    const loop = 'lists.range(20).all(x, x >= 0)';
    await run(loop, meter);
    await expect(
      (async () => {
        for (let i = 0; i < 20; i++) await run(loop, meter);
      })(),
    ).rejects.toMatchObject({ code: 'POLICY_CEL_LIMIT' });
    await expect(run('true || object.list.all(x, true)', meter)).rejects.toMatchObject({ code: 'POLICY_CEL_LIMIT' });
  });

  test('lets a bill of materials of five thousand components pass', async () => {
    const components = Array.from({ length: 5000 }, (_, i) => ({ name: `lib-${i}`, version: '1.2.3', licenses: [{ license: { id: 'MIT' } }] }));
    const program = compileCel('object.components.all(c, c.name != "log4j" && c.licenses.all(l, l.license.id in ["MIT", "Apache-2.0"]))', environment, 'bool');
    expect(await program.evaluate({ object: toCel({ components }), none: null })).toBe(true);
  });
});

describe('several at a time', () => {
  test('one program answers each of its evaluations by what it was asked', async () => {
    const program = compileCel('[1, 2, 3].map(x, [10, 20].map(y, later(x * y + later(object.n)))).map(row, row[0] + row[1])', environment);
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => [n, fromCel(await program.evaluate({ object: toCel({ n }), none: null }))] as const),
    );
    for (const [n, answer] of answers) expect(answer).toEqual([30 + 2 * n, 60 + 2 * n, 90 + 2 * n]);
  });

  test.each([
    ['object.list.all(x, later(x) > 0)', [true, true, false, true]],
    ['object.list.exists(x, later(x) > 1)', [true, false, false, false]],
    ['object.list.exists_one(x, later(x) == 1)', [true, true, false, false]],
    ['[1, 2].all(a, object.list.all(b, later(a * b) > 0)) && [1, 2].all(a, !object.list.exists(b, later(a * b) < 0))', [true, true, false, true]],
    ['[1, 2].map(a, object.list.map(b, later(a * b)).size() == object.list.size()).all(x, x)', [true, true, true, true]],
    ['object.list.filter(x, later(x) > 0).size() == object.list.size()', [true, true, false, true]],
    ['[1, 2, 3].map(a, object.list.all(x, later(x) > 0)).all(x, later(x))', [true, true, false, true]],
    ['cel.bind(s, later(object.list), s.all(x, cel.bind(y, later(x), later(y) + y > 0)))', [true, true, false, true]],
  ])('%s is the same every time, one after the other and at once', async (text, expected) => {
    const program = compileCel(text, environment, 'bool');
    const lists = [[1, 2, 3], [1], [-1, 0], []];
    const answer = (list: number[]) => program.evaluate({ object: toCel({ list }), none: null });
    for (let i = 0; i < 3; i++) for (const [n, list] of lists.entries()) expect(await answer(list)).toBe(expected[n]);
    expect(await Promise.all([...lists, ...lists].map(answer))).toEqual([...expected, ...expected]);
  });

  test('an error of one is not the error of others', async () => {
    const program = compileCel('object.list.exists(x, later(x).ok) && cel.bind(y, later(object.n), y > 0)', environment);
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) =>
        program.evaluate({ object: toCel(n % 2 === 0 ? { n: n + 1, list: [{ ok: true }] } : { n, list: [{}] }), none: null }),
      ),
    );
    results.forEach(({ status }, n) => {
      expect(status).toBe(n % 2 === 0 ? 'fulfilled' : 'rejected');
    });
  });

  test('functions find the host of their own evaluation', async () => {
    const program = compileCel('http.get(object.url) + http.get(object.url)', environment);
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => {
        const functions = { 'http.get': async (url: string) => `${name}:${url} ` };
        return program.evaluate({ object: toCel({ url: name }), none: null }, { host: { functions } });
      }),
    );
    expect(answers).toEqual(['a:a a:a ', 'b:b b:b ', 'c:c c:c ']);
  });
});

test('an expression knows which variables it names', () => {
  const variables = celEnvironment(['variables']);
  expect(compileCel('variables.a.b && [1].all(x, variables.c == x)', variables)).toMatchObject({ variables: new Set(['a', 'c']), anyVariable: false });
  expect(compileCel('variables["a"]', variables).anyVariable).toBe(true);
});

test('a condition holds over a statement, or says why it does not', async () => {
  const statement = { predicateType: 'https://example.org/x', predicate: { ok: true } };
  expect(await evaluateCelCondition({ text: 'statement.predicate.ok' }, statement)).toBeUndefined();
  expect(await evaluateCelCondition({ text: '!statement.predicate.ok', message: 'it is' }, statement)).toBe('it is');
  expect(await evaluateCelCondition({ text: '!statement.predicate.ok' }, statement)).toBe('the expression does not hold: !statement.predicate.ok');
  await expect(evaluateCelCondition({ text: 'statement.other' }, statement)).rejects.toMatchObject({ code: 'POLICY_CEL' });
  expect(() => checkCelCondition('statement.')).toThrow(expect.objectContaining({ code: 'POLICY_CEL_SYNTAX' }));
});

test('what values look like is forgotten with them', async () => {
  const program = compileCel('object == object.other || object.list.size() == 1 || [object] + [object] == [object]', environment);
  const shape = (n: number): object => (n === 0 ? {} : n % 2 === 0 ? [shape(n >> 1)] : { a: shape(n >> 1) });
  const evaluate = (n: number) => program.evaluate({ object: toCel({ other: shape(n), list: [shape(n), 1] } as never), none: null });
  await evaluate(1);
  // The library keeps types by names such as `list<map<string, int>>`, in maps that nothing is ever taken out of.
  const kept = vi.spyOn(Map.prototype, 'set');
  for (let n = 1 << 10; n < (1 << 10) + 50; n++) await evaluate(n);
  const names = kept.mock.calls.map(([name]) => name).filter((name) => typeof name === 'string' && /^(?:list|map|dyn|optional)</.test(name));
  kept.mockRestore();
  expect(names).toEqual([]);
});

test('values go to CEL and come back', () => {
  const value = { a: [1, 2.5, 'x', true, null], b: { c: {} }, big: 9007199254740993n };
  expect(fromCel(toCel(value))).toEqual(value);
  expect(toCel({ ['__proto__']: 1 })).toEqual(new Map([['__proto__', 1n]]));
});
