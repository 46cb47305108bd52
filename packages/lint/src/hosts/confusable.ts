/** What a host looks like: letters of other scripts, marks and digits as the ASCII that a reader takes them for. */
import { domainToUnicode } from 'node:url';

/** Lower case, without what is not seen. `xn--` is read as what browsers may show. */
export function appearance(host: string): string {
  const shown = host.includes('xn--') ? domainToUnicode(host) || host : host;
  const plain = shown
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase();
  return [...plain].map((char) => LOOKALIKES.get(char) ?? char).join('');
}

/** And digits and pairs of letters that pass at a glance. */
export function atAGlance(host: string): string {
  return appearance(host).replace(/rn/g, 'm').replace(/vv/g, 'w').replace(/0/g, 'o').replace(/[1|]/g, 'l');
}

/** Unicode TR 39 has thousands; these are the letters that known hosts are made of, in the scripts that domains may be written in. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: 'аɑαạ',
    b: 'ƅЬьɓ',
    c: 'сϲᴄƈ',
    d: 'ԁɗđ',
    e: 'еҽɛє',
    g: 'ɡցɢġǥ',
    h: 'һհħɦ',
    i: 'іıɩɪιӏ',
    j: 'јϳ',
    k: 'кκƙ',
    l: 'ӏǀłɭ',
    m: 'мɱ',
    n: 'ոռηŋ',
    o: 'оοօσøᴏ',
    p: 'рρƿ',
    q: 'ԛգ',
    r: 'гᴦɾ',
    s: 'ѕꜱʂ',
    t: 'тτŧƭ',
    u: 'υսʋцᴜ',
    v: 'ѵνᴠ',
    w: 'ԝѡωա',
    x: 'хχ',
    y: 'уүγʏ',
    z: 'ᴢʐ',
    '.': '。．｡․',
    '-': '‐‑‒–−',
  }).flatMap(([plain, others]) => [...others].map((other): [string, string] => [other, plain])),
);
