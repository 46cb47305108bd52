/**
 * `pom.xml` of Maven (maven.apache.org/pom.html), and what its expressions stand for: `${name}` is a property of the project or a parent, `${project.version}` a
 * field of its own. Parents are only those that are passed: nothing is fetched.
 */
import { entriesOf, fieldOf, listOf, parseXml } from './documents.ts';

export interface Pom {
  readonly id: MavenId;
  readonly parent: (MavenId & { readonly relativePath: string }) | undefined;
  readonly properties: ReadonlyMap<string, string>;
  /** Those of profiles too. */
  readonly dependencies: readonly MavenId[];
  readonly managed: readonly MavenId[];
  readonly licenses: readonly string[];
}

/** As written, so with expressions; empty when absent. */
export interface MavenId {
  readonly groupId: string;
  readonly artifactId: string;
  readonly version: string;
}

export type FindParent = (pom: Pom) => Pom | undefined;

/** Errors: `SBOM_UNREADABLE`. */
export function parsePom(content: Uint8Array): Pom {
  const project = fieldOf(parseXml(content), 'project');
  const parent = fieldOf(project, 'parent');
  const profiles = listOf(fieldOf(fieldOf(project, 'profiles'), 'profile'));
  return {
    id: idOf(project),
    parent: parent === undefined ? undefined : { ...idOf(parent), relativePath: textIn(parent, 'relativePath') },
    properties: new Map(entriesOf(fieldOf(project, 'properties')).map(([name, value]) => [name, typeof value === 'string' ? value.trim() : ''])),
    dependencies: [project, ...profiles].flatMap(dependenciesOf),
    managed: [project, ...profiles].flatMap((part) => dependenciesOf(fieldOf(part, 'dependencyManagement'))),
    licenses: listOf(fieldOf(fieldOf(project, 'licenses'), 'license'))
      .map((license) => textIn(license, 'name') || textIn(license, 'url'))
      .filter((license) => license !== ''),
  };
}

function dependenciesOf(part: unknown): MavenId[] {
  return listOf(fieldOf(fieldOf(part, 'dependencies'), 'dependency')).map(idOf);
}

function idOf(value: unknown): MavenId {
  return { groupId: textIn(value, 'groupId'), artifactId: textIn(value, 'artifactId'), version: textIn(value, 'version') };
}

function textIn(value: unknown, name: string): string {
  const [text] = listOf(fieldOf(value, name));
  return typeof text === 'string' ? text.trim() : '';
}

/** Group and version are inherited. Empty where an expression cannot be resolved. */
export function resolveId(pom: Pom, findParent: FindParent): MavenId {
  const { id, parent } = pom;
  return {
    groupId: resolveText(id.groupId || (parent?.groupId ?? ''), pom, findParent),
    artifactId: resolveText(id.artifactId, pom, findParent),
    version: resolveText(id.version || (parent?.version ?? ''), pom, findParent),
  };
}

/** A version is the dependency's own, else that of the `dependencyManagement` of the project or the nearest parent, else that of a parent's dependency. */
export function resolveDependencies(pom: Pom, findParent: FindParent): MavenId[] {
  const said = new Map<string, string>();
  for (const one of withParents(pom, findParent)) {
    for (const other of [...one.managed, ...(one === pom ? [] : one.dependencies)]) {
      const key = keyOf(resolved(other));
      if (other.version !== '' && !said.has(key)) said.set(key, other.version);
    }
  }
  return pom.dependencies.map((dependency) => {
    const id = resolved(dependency);
    return { ...id, version: id.version || resolveText(said.get(keyOf(id)) ?? '', pom, findParent) };
  });

  function resolved({ groupId, artifactId, version }: MavenId): MavenId {
    return {
      groupId: resolveText(groupId, pom, findParent),
      artifactId: resolveText(artifactId, pom, findParent),
      version: resolveText(version, pom, findParent),
    };
  }
}

function keyOf({ groupId, artifactId }: MavenId): string {
  return `${groupId}:${artifactId}`;
}

/** Expressions may stand for many others, and those for more: the budget is of all that one text needs. */
function resolveText(text: string, pom: Pom, findParent: FindParent, budget = { expressions: MAX_EXPRESSIONS }): string {
  if (!text.includes('${')) return text;
  let isWhole = true;
  const resolved = text.replace(/\$\{([^}]+)\}/g, (_, expression: string) => {
    budget.expressions--;
    const value = budget.expressions < 0 ? undefined : expressionValue(expression.trim(), pom, findParent);
    const its = value === undefined ? '' : resolveText(value, pom, findParent, budget);
    if (its === '') isWhole = false;
    return its;
  });
  return isWhole && resolved.length <= MAX_CHARACTERS ? resolved : '';
}

function expressionValue(expression: string, pom: Pom, findParent: FindParent): string | undefined {
  const { id, parent } = pom;
  switch (expression) {
    case 'project.groupId':
    case 'pom.groupId':
      return id.groupId || parent?.groupId;
    case 'project.artifactId':
      return id.artifactId;
    case 'project.version':
    case 'pom.version':
    case 'version':
      return id.version || parent?.version;
    case 'project.parent.groupId':
      return parent?.groupId;
    case 'project.parent.artifactId':
      return parent?.artifactId;
    case 'project.parent.version':
      return parent?.version;
    default:
      return [...withParents(pom, findParent)].map(({ properties }) => properties.get(expression)).find((value) => value !== undefined);
  }
}

/** Itself first. Parents may say that they are their own children. */
function* withParents(pom: Pom, findParent: FindParent): Generator<Pom> {
  const seen = new Set<Pom>();
  for (let at: Pom | undefined = pom; at !== undefined && !seen.has(at) && seen.size < MAX_PARENTS; at = findParent(at)) {
    seen.add(at);
    yield at;
  }
}

const MAX_EXPRESSIONS = 64;
const MAX_CHARACTERS = 2048;
const MAX_PARENTS = 32;
