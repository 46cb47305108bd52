/**
 * The pages for people: plain HTML that works without scripts, and headers that let the browser load, send and frame nothing else. Whatever
 * comes from outside goes through Hono's `html`, which escapes it.
 */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

export type Html = ReturnType<typeof html>;

export interface Page {
  readonly title: string;
  readonly content: Html;
  /** Default 200. */
  readonly status?: ContentfulStatusCode;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the answer to a form of the page may redirect to: browsers hold `form-action` against redirects too. */
  readonly formLeadsTo?: string;
}

export async function pageAnswer({ title, content, status = 200, headers = {}, formLeadsTo }: Page): Promise<Response> {
  const document = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Private Sigstore</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<p class="name">Private Sigstore</p>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
  return new Response(String(document), { status, headers: { ...HEADERS, 'Content-Security-Policy': policy(formLeadsTo), ...headers } });
}

function policy(formLeadsTo: string | undefined): string {
  const formAction = formLeadsTo === undefined ? "'self'" : `'self' ${formLeadsTo}`;
  return `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`;
}

const STYLE = `
:root { color-scheme: light dark; --page: #f4f5f7; --card: #fff; --line: #868f9e; --text: #1b1f27; --soft: #535b69; --accent: #1f5fbf; --on-accent: #fff; --note: #fff6dc; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171c; --card: #1d2129; --line: #6f7988; --text: #e8eaee; --soft: #a4adba; --accent: #8ab4f8; --on-accent: #10131a; --note: #332c16; --bad: #ff8f86; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; min-height: 100vh; display: grid; place-items: center; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; min-width: 0; max-width: 27rem; padding: clamp(1.25rem, 6vw, 2.25rem); background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
.name { margin: 0; color: var(--soft); font-size: .875rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
p, form { margin: 0 0 1rem; overflow-wrap: anywhere; }
main > :last-child, form > :last-child { margin-bottom: 0; }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input { width: 100%; margin-bottom: 1rem; padding: .6rem .75rem; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: .4rem; }
.user-code { font-family: ui-monospace, monospace; letter-spacing: .15em; text-transform: uppercase; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; }
button { flex: 1 1 8rem; padding: .65rem 1rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .4rem; cursor: pointer; }
button.second { color: inherit; background: transparent; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.note, .problem { padding: .65rem .85rem; border-radius: .4rem; font-size: .9375rem; }
.note { background: var(--note); }
.problem { color: var(--bad); border: 1px solid var(--bad); }
.soft { color: var(--soft); font-size: .875rem; }
.code { display: block; padding: .75rem; overflow-wrap: anywhere; background: var(--page); border: 1px solid var(--line); border-radius: .4rem; font: 1rem/1.4 ui-monospace, monospace; user-select: all; }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Not `no-referrer`, under which browsers send our own forms with `Origin: null` (Fetch section 3.2); no other site learns anything from this either. */
const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};
