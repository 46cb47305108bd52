/** `release` in the folder of a Java runtime: `KEY="value"` on each line. Other things have files of that name, without these keys. */
import type { Found } from '../language/found-packages.ts';

/** Nothing when it is of something else. */
export function jvmOf(content: Uint8Array, { path, hasCompiler }: { readonly path: string; readonly hasCompiler: boolean }): Found | undefined {
  const values = new Map<string, string>();
  for (const line of new TextDecoder().decode(content).split('\n')) {
    const at = line.indexOf('=');
    if (at > 0)
      values.set(
        line.slice(0, at),
        line
          .slice(at + 1)
          .trim()
          .replace(/^"+|"+$/g, ''),
      );
  }
  const value = (key: string): string => values.get(key) ?? '';
  if (!values.has('JAVA_VERSION') && !values.has('JAVA_RUNTIME_VERSION')) return undefined;
  const { vendor, product } = whose(value('IMPLEMENTOR').toLowerCase().replaceAll(' ', ''), {
    path,
    type: value('IMAGE_TYPE'),
    build: value('BUILD_TYPE'),
    hasCompiler,
  });
  const repository = value('SOURCE_REPO') || value('BUILD_SOURCE_REPO');
  return {
    name: product,
    version: versionOf(value),
    purl: { type: 'generic', namespace: vendor, ...(repository !== '' && { qualifiers: { repository_url: repository } }) },
    ...(value('IMPLEMENTOR') !== '' && { supplier: value('IMPLEMENTOR') }),
  };
}

/** FULL_VERSION counts otherwise in some releases of 8: `8.0.422+5` where Java says `1.8.0_422`. */
function versionOf(value: (key: string) => string): string {
  const [runtime, full, java] = [value('JAVA_RUNTIME_VERSION'), value('FULL_VERSION'), value('JAVA_VERSION')];
  if (runtime !== '') return runtime;
  return full !== '' && full.split('.')[0] === java.split('.')[0] ? full : java;
}

function whose(
  implementor: string,
  { path, type, build, hasCompiler }: { readonly path: string; readonly type: string; readonly build: string; readonly hasCompiler: boolean },
): { readonly vendor: string; readonly product: string } {
  const kit = hasCompiler || !type.toLowerCase().includes('jre') ? 'jdk' : 'jre';
  if (implementor.includes('azul') || path.includes('zulu')) return { vendor: 'azul', product: 'zulu' };
  if (implementor.includes('sun')) return { vendor: 'sun', product: kit };
  if (implementor.includes('ibm') || path.includes('/ibm')) return { vendor: 'ibm', product: hasCompiler ? 'java_sdk' : 'java' };
  if (implementor.includes('oracle') || path.includes('oracle') || build.includes('commercial')) return { vendor: 'oracle', product: kit };
  return { vendor: 'oracle', product: 'openjdk' };
}
