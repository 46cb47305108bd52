/** Catalogers of languages: of what is installed, and of what a project declares. */
import type { Cataloger } from '../cataloger.ts';
import { cargoLock } from './cargo-lock.ts';
import { githubActions } from './github-actions.ts';
import { goMod } from './go-mod.ts';
import { gradleLock } from './gradle-lock.ts';
import { javaArchive } from './java-archive.ts';
import { mavenPom } from './maven-pom.ts';
import { npmLock } from './npm-lock.ts';
import { npmPackage } from './npm-package.ts';
import { pnpmLock } from './pnpm-lock.ts';
import { pythonInstalled } from './python-installed.ts';
import { pythonLock } from './python-lock.ts';
import { yarnLock } from './yarn-lock.ts';

export const LANGUAGE_CATALOGERS: readonly Cataloger[] = [
  ...[npmPackage, npmLock, yarnLock, pnpmLock],
  ...[pythonInstalled, pythonLock],
  ...[javaArchive, mavenPom, gradleLock],
  ...[cargoLock, goMod, githubActions],
];
