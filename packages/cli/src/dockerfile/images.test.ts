// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables are written in a Dockerfile
import { describe, expect, test } from 'vitest';
import { imagesOfDockerfile } from './images.ts';

const images = (text: string, env: Record<string, string> = {}) => imagesOfDockerfile(text, env).images;

describe('the images of a Dockerfile', () => {
  test.each<[string, string, string[]]>([
    ['one', 'FROM alpine:3', ['alpine:3']],
    ['in any case, with flags and a name', 'from --platform=linux/amd64 alpine:3 as base', ['alpine:3']],
    ['one for each stage, also twice', 'FROM a\nFROM b\nFROM a', ['a', 'b', 'a']],
    ['no stage of its own, in any case', 'FROM a AS Build\nFROM build\nCOPY --from=BUILD /x /x', ['a']],
    ['a stage only once it is defined', 'FROM b\nFROM a AS b', ['b', 'a']],
    ['no scratch', 'FROM scratch\nCOPY --from=scratch / /', []],
    ['what is copied from', 'FROM a\nCOPY --chown=1 --from=b:1 /x /x', ['a', 'b:1']],
    ['no stage by number', 'FROM a\nFROM b\nCOPY --from=0 /x /x\nCOPY --from=2 /x /x', ['a', 'b', '2']],
    ['what is mounted from', 'FROM a\nRUN --mount=type=cache,target=/c --mount=type=bind,from=b:1,source=/x true', ['a', 'b:1']],
    ['nothing that only looks like a flag', 'FROM a\nCOPY x --from=b /x\nRUN echo --mount=from=b', ['a']],
    ['in quotes', 'FROM "a:1" AS x\nFROM \'b:1\'', ['a:1', 'b:1']],
    ['behind a byte order mark', '\ufeffFROM a', ['a']],
    ['with lines that end as on Windows', 'FROM a AS b\r\nFROM b\r\nFROM c\r\n', ['a', 'c']],
  ])('%s', (_, text, expected) => {
    expect(images(text)).toEqual(expected);
  });

  test.each<[string, string, string | undefined]>([
    ['of the last stage', 'FROM a\nFROM b', 'b'],
    ['through stages', 'FROM a AS x\nFROM b AS y\nFROM x', 'a'],
    ['the last that is named, when the last stage is built on nothing', 'FROM a AS x\nFROM scratch\nCOPY --from=c / /', 'a'],
    ['none', 'FROM scratch', undefined],
  ])('the base image: %s', (_, text, base) => {
    expect(imagesOfDockerfile(text, {}).base).toBe(base);
  });
});

describe('lines', () => {
  test.each<[string, string, string[]]>([
    ['go on behind a backslash', 'FROM \\\n  a:1 \\  \n  AS x', ['a:1']],
    ['go on over comments and empty lines', 'FROM \\\n# not this\n\n  # nor this\n  a', ['a']],
    ['do not go on behind two backslashes', 'FROM a\nRUN echo \\\\\nFROM b', ['a', 'b']],
    ['go on behind the escape that is chosen', '# escape=`\nFROM `\na\nRUN echo \\\nFROM b', ['a', 'b']],
    ['choose no escape after something else', '# a comment\n# escape=`\nFROM \\\na', ['a']],
    ['of a here-document are no instructions', 'FROM a\nRUN <<EOF\nFROM b\nEOF\nFROM c', ['a', 'c']],
    ['of several, indented', "FROM a\nCOPY <<-X <<'Y' /\n\tFROM b\n\tX\nFROM c\nY\nFROM d", ['a', 'd']],
    ['behind what only looks like a here-document', 'FROM a\nRUN echo "<<CMD"\nFROM b\nCMD', ['a', 'b']],
    ['behind one in longer quotes', 'FROM a\nRUN echo "a <<CMD b"\nFROM b\nCMD', ['a', 'b']],
    ['behind one in a variable', 'FROM a\nRUN echo ${x:- <<CMD }\nFROM b\nCMD', ['a', 'b']],
    ['behind one in quotes that a backslash does not escape', '# escape=`\nFROM a\nRUN echo \\" <<CMD "\nFROM b\nCMD', ['a', 'b']],
    ['behind a here-string', 'FROM a\nRUN cat <<<CMD\nFROM b\nCMD', ['a', 'b']],
    ['behind a here-document of another instruction', 'FROM a\nLABEL x=<<CMD\nCMD <<CMD\nFROM b\nCMD', ['a', 'b']],
    ['behind white space that only Go knows', 'FROM a\n\u0085FROM b', ['a', 'b']],
  ])('%s', (_, text, expected) => {
    expect(images(text)).toEqual(expected);
  });

  test.each([
    ['what is no instruction', 'FROM a\nINCLUDE b', 'unknown instruction: INCLUDE'],
    ['a here-document without end', 'FROM a\nRUN <<EOF\nFROM b', 'unterminated heredoc'],
    ['a stage without a name', 'FROM a AS', 'expected stage name after "AS"'],
    ['no image', 'FROM', 'no image found in line "FROM"'],
    ['a flag and no image', 'FROM --platform=x', 'no image found in line'],
    ['an image from nowhere', 'FROM ${NOPE}', 'is a build arg missing from the environment?'],
    ['more than an image and its name', 'FROM a AS b c', 'FROM takes an image'],
    ['something else behind the image', 'FROM a # b', 'FROM takes an image'],
  ])('are refused: %s', (_, text, message) => {
    expect(() => images(text)).toThrow(message);
  });
});

describe('variables', () => {
  const ARGS = 'ARG V=1.2.3\nARG EMPTY=\nARG UNSET\n';
  test.each<[string, string]>([
    ['$V', '1.2.3'],
    ['a:$V-x', 'a:1.2.3-x'],
    ['a:${V}x', 'a:1.2.3x'],
    ['${V:-other}', '1.2.3'],
    ['${EMPTY:-other}', 'other'],
    ['x${EMPTY-other}', 'x'],
    ['${UNSET-other}', 'other'],
    ['${UNSET:-a$V}', 'a1.2.3'],
    ['${UNSET:-${EMPTY:-deep}}', 'deep'],
    ['${V:+set}', 'set'],
    ['x${UNSET:+set}', 'x'],
    ['x${EMPTY+set}', 'xset'],
    ['${V?must be there}', '1.2.3'],
    ['${V#*.}', '2.3'],
    ['${V##*.}', '3'],
    ['${V%.*}', '1.2'],
    ['${V%%.*}', '1'],
    ['${V#?.}', '2.3'],
    ['${V%x*}', '1.2.3'],
    ['${V/./-}', '1-2.3'],
    ['${V//./-}', '1-2-3'],
    ['${V//.}', '123'],
    ['${V/.*/}', '1'],
    ['${V#\\*}', '1.2.3'],
    ['"a:$V"', 'a:1.2.3'],
    ["'a:$V'", 'a:$V'],
    ['a:\\$V', 'a:$V'],
    ['"a\\$V\\b"', 'a$V\\b'],
    ['a$', 'a$'],
  ])('%s is %s', (word, expected) => {
    expect(images(`${ARGS}FROM ${word}`)).toEqual([expected]);
  });

  test.each<[string, string, Record<string, string>, string[]]>([
    ['come from the environment when the file has no value', 'ARG V\nFROM a:$V', { V: '7' }, ['a:7']],
    ['come from the environment when the file does not know them', 'FROM a:$V', { V: '7' }, ['a:7']],
    ['come from the file first', 'ARG V=1\nFROM a:$V', { V: '7' }, ['a:1']],
    ['see those before them', 'ARG A=1\nARG B=${A}.2 C=x\nFROM a:$B$C', {}, ['a:1.2x']],
    ['of a stage mean nothing to the next FROM', 'ARG V=1\nFROM a:$V\nARG V=2\nENV V=3\nFROM b:$V', {}, ['a:1', 'b:1']],
    ['of the beginning mean nothing in a stage', 'ARG V=1\nFROM a\nCOPY --from=b:${V:-none} / /', {}, ['a', 'b:none']],
    ['of the beginning are taken into a stage by name', 'ARG V=1\nFROM a\nARG V\nCOPY --from=b:$V / /', {}, ['a', 'b:1']],
    ['of a stage end with it', 'FROM a\nARG V=1\nFROM b\nCOPY --from=c:${V:-none} / /', {}, ['a', 'b', 'c:none']],
    ['of ENV, in both ways to write it', 'FROM a\nENV V 1\nENV W="2" X=3\nCOPY --from=b:$V$W$X / /', {}, ['a', 'b:123']],
    ['of one ENV do not see each other', 'FROM a\nENV V=1\nENV V=2 W=$V\nCOPY --from=b:$W / /', {}, ['a', 'b:1']],
  ])('%s', (_, text, env, expected) => {
    expect(images(text, env)).toEqual(expected);
  });

  test.each([
    ['FROM ${V', 'has a ${ without end'],
    ['FROM "a', 'has a quote without end'],
    ["FROM 'a", 'has a quote without end'],
    ['FROM ${}', 'has a bad substitution'],
    ['FROM ${V!x}', 'has an unknown modifier'],
    ['FROM ${V:=x}', 'has an unknown modifier'],
    ['FROM ${V:?is needed}', 'V: is needed'],
  ])('%s is refused', (text, message) => {
    expect(() => images(text)).toThrow(message);
  });
});

describe('a Dockerfile made to do harm', () => {
  test('variables that double are refused before they fill the memory', () => {
    const lines = Array.from({ length: 60 }, (_, i) => `ARG V${i + 1}=$V${i}$V${i}`);
    expect(() => images(`ARG V0=x\n${lines.join('\n')}\nFROM a:$V60`)).toThrow('becomes longer than');
  });

  test('variables within variables, however deep', () => {
    expect(() => images(`FROM ${'${A:-'.repeat(10_000)}x${'}'.repeat(10_000)}`)).toThrow('nested deeper than');
    expect(() => images(`FROM a\nRUN ${'${A:-'.repeat(100_000)} <<EOF`)).not.toThrow();
  });

  test('a pattern with many stars', () => {
    expect(images(`ARG V=${'a'.repeat(500)}\nFROM x:\${V##${'*a'.repeat(100)}b}`)).toEqual([`x:${'a'.repeat(500)}`]);
  });

  test('a pattern over a long text', () => {
    expect(() => images(`ARG V=${'a'.repeat(600)}\nFROM x:\${V#*}`)).toThrow('matches more than');
  });

  test('lines of a megabyte', () => {
    expect(images(`FROM a\nRUN ${'\\"'.repeat(250_000)} ${'"'.repeat(250_001)}`)).toEqual(['a']);
    expect(images(`FROM a\nRUN ${' x'.repeat(250_000)}\nRUN ${'x \\\n'.repeat(150_000)}`)).toEqual(['a']);
  });

  test('thousands of here-documents', () => {
    expect(() => images(`FROM a\nRUN ${'<<E '.repeat(5000)}\n${'x\n'.repeat(5000)}`)).toThrow('unterminated');
  });

  test('thousands of images', () => {
    expect(() => images('FROM a\n'.repeat(2000))).toThrow('more than 1000 images');
  });
});
