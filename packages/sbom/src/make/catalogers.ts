/** All there are. */
import type { Cataloger } from './cataloger.ts';
import { EXECUTABLE_CATALOGERS } from './executable/index.ts';
import { LANGUAGE_CATALOGERS } from './language/index.ts';
import { apk } from './system/apk.ts';
import { dpkg } from './system/dpkg.ts';
import { rpm } from './system/rpm/rpm.ts';

export const CATALOGERS: readonly Cataloger[] = [dpkg, apk, rpm, ...LANGUAGE_CATALOGERS, ...EXECUTABLE_CATALOGERS];
