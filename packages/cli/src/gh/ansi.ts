/** Colours by name, as templates give them: `red`, `green+b`, `white+h:blue`, or a number of 256. */

export function coloured(text: string, style: string): string {
  const [front = '', back = ''] = style.split(':');
  const codes = [...codesOf(front, FRONT), ...codesOf(back, BACK)];
  return codes.length === 0 ? text : `\u001b[0;${codes.join(';')}m${text}\u001b[0m`;
}

interface Place {
  readonly normal: number;
  readonly bright: number;
  readonly extended: string;
}

function codesOf(style: string, place: Place): (string | number)[] {
  const [name = '', letters = ''] = style.split('+');
  const attributes = [...letters].flatMap((letter) => ATTRIBUTES[letter] ?? []);
  const colour = COLOURS.indexOf(name);
  if (/^\d{1,3}$/.test(name)) return [...attributes, `${place.extended};5;${name}`];
  return colour < 0 ? attributes : [...attributes, (letters.includes('h') ? place.bright : place.normal) + colour];
}

const FRONT: Place = { normal: 30, bright: 90, extended: '38' };
const BACK: Place = { normal: 40, bright: 100, extended: '48' };
const COLOURS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const ATTRIBUTES: Readonly<Record<string, number>> = { b: 1, d: 2, u: 4, B: 5, i: 7, s: 9 };
