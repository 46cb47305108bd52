/** The structs of the OCI image specification as Go has them: names, JSON members and order. JSON of another type counts as absent. */
import { isJsonObject, type Json } from '@assay/core';
import { GoStruct, NilPointer, type Value } from '../go-template/value.ts';

/** How a value is read; what it is when absent. */
type Shape = 'text' | 'integer' | 'flag' | 'texts' | 'textMap' | 'set' | StructShape | { readonly pointer: StructShape } | { readonly list: StructShape };

interface StructShape {
  readonly type: string;
  /** Name, JSON member with `?` when it is left out if empty, shape. No member: an embedded struct. */
  readonly fields: readonly (readonly [name: string, json: string, shape: Shape])[];
}

export function read(shape: Shape, json: Json | undefined): Value {
  if (typeof shape === 'string') return SCALARS[shape](json);
  const object = json !== undefined && isJsonObject(json) ? json : undefined;
  if ('list' in shape) return Array.isArray(json) ? json.map((one) => read(shape.list, one)) : [];
  if ('pointer' in shape) {
    if (object !== undefined) return read(shape.pointer, object);
    return new NilPointer(
      shape.pointer.type,
      shape.pointer.fields.map(([name]) => name),
    );
  }
  const fields = shape.fields.map(([name, member, one]) => {
    const key = member.replace(/\?$/, '');
    // Members of an embedded struct are those of the outer one.
    return { name, json: key, omitEmpty: member.endsWith('?'), value: read(one, key === '' ? object : object?.[key]) };
  });
  return new GoStruct(shape.type, fields);
}

const SCALARS = {
  text: (json: Json | undefined): Value => (typeof json === 'string' ? json : ''),
  integer: (json: Json | undefined): Value => (typeof json === 'bigint' || (typeof json === 'number' && Number.isInteger(json)) ? BigInt(json) : 0n),
  flag: (json: Json | undefined): Value => json === true,
  texts: (json: Json | undefined): Value => (Array.isArray(json) ? json.filter((one) => typeof one === 'string') : []),
  textMap: (json: Json | undefined): Value => mapOf(json, (value) => (typeof value === 'string' ? value : '')),
  set: (json: Json | undefined): Value => mapOf(json, () => new GoStruct('struct {}', [])),
};

function mapOf(json: Json | undefined, of: (value: Json) => Value): Value {
  if (json === undefined || !isJsonObject(json)) return {};
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, of(value)]));
}

const PLATFORM: StructShape = {
  type: 'v1.Platform',
  fields: [
    ['Architecture', 'architecture', 'text'],
    ['OS', 'os', 'text'],
    ['OSVersion', 'os.version?', 'text'],
    ['OSFeatures', 'os.features?', 'texts'],
    ['Variant', 'variant?', 'text'],
  ],
};

export const DESCRIPTOR: StructShape = {
  type: 'v1.Descriptor',
  fields: [
    ['MediaType', 'mediaType', 'text'],
    ['Digest', 'digest', 'text'],
    ['Size', 'size', 'integer'],
    ['URLs', 'urls?', 'texts'],
    ['Annotations', 'annotations?', 'textMap'],
    ['Data', 'data?', 'text'],
    ['Platform', 'platform?', { pointer: PLATFORM }],
    ['ArtifactType', 'artifactType?', 'text'],
  ],
};

const CONFIG: StructShape = {
  type: 'v1.ImageConfig',
  fields: [
    ['User', 'User?', 'text'],
    ['ExposedPorts', 'ExposedPorts?', 'set'],
    ['Env', 'Env?', 'texts'],
    ['Entrypoint', 'Entrypoint?', 'texts'],
    ['Cmd', 'Cmd?', 'texts'],
    ['Volumes', 'Volumes?', 'set'],
    ['WorkingDir', 'WorkingDir?', 'text'],
    ['Labels', 'Labels?', 'textMap'],
    ['StopSignal', 'StopSignal?', 'text'],
    ['ArgsEscaped', 'ArgsEscaped?', 'flag'],
  ],
};

const HISTORY: StructShape = {
  type: 'v1.History',
  fields: [
    ['Created', 'created?', 'text'],
    ['CreatedBy', 'created_by?', 'text'],
    ['Author', 'author?', 'text'],
    ['Comment', 'comment?', 'text'],
    ['EmptyLayer', 'empty_layer?', 'flag'],
  ],
};

const ROOTFS: StructShape = {
  type: 'v1.RootFS',
  fields: [
    ['Type', 'type', 'text'],
    ['DiffIDs', 'diff_ids', 'texts'],
  ],
};

export const IMAGE: StructShape = {
  type: 'v1.Image',
  fields: [
    ['Created', 'created?', 'text'],
    ['Author', 'author?', 'text'],
    ['Platform', '', PLATFORM],
    ['Config', 'config?', CONFIG],
    ['RootFS', 'rootfs', ROOTFS],
    ['History', 'history?', { list: HISTORY }],
  ],
};
