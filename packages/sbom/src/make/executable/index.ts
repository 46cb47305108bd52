/** Catalogers of executables. */
import type { Cataloger } from '../cataloger.ts';
import { binaryClassifier } from './binary-classifier.ts';
import { cargoAuditable } from './cargo-auditable.ts';
import { goModuleBinary } from './go-module-binary.ts';
import { packageNote } from './package-note.ts';
import { peVersion } from './pe-version.ts';

export const EXECUTABLE_CATALOGERS: readonly Cataloger[] = [goModuleBinary, cargoAuditable, binaryClassifier, packageNote, peVersion];
