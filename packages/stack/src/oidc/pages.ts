/** What the pages say. */
import { html } from 'hono/html';
import type { Refusal } from '../http/refusal.ts';
import type { LoginProblem } from './login.ts';
import { errorCode } from './oauth-error.ts';
import { type Html, type Page, pageAnswer } from './page.ts';
import { OUT_OF_BAND } from './redirect-uri.ts';

/** What a form with an identity in it has, at first and when it is shown again. */
export interface FormState {
  /** The path that the form is sent to. */
  readonly action: string;
  readonly sealed: string;
  readonly needsPassword: boolean;
  readonly email?: string | undefined;
  readonly problem?: LoginProblem | undefined;
}

export function loginPage({ redirectUri, ...form }: FormState & { redirectUri: string }): Promise<Response> {
  const toProgram = redirectUri !== OUT_OF_BAND;
  return pageAnswer({
    title: 'Sign in',
    ...statusOf(form.problem),
    ...(toProgram && { formLeadsTo: new URL(redirectUri).origin }),
    content: html`
<p>A program asks who you are, to issue a signing certificate in your name.</p>
<form method="post" action="${form.action}">
${problemText(form.problem)}
${identityFields({ ...form, isFirst: true })}
<div class="buttons"><button>Sign in</button></div>
</form>
<p class="soft">${toProgram ? `You will be sent back to the program on this computer, at ${new URL(redirectUri).host}.` : 'You will be shown a code to give to the program.'}
If you did not start it, close this page.</p>`,
  });
}

export function devicePage({ userCode, ...form }: FormState & { userCode: string | undefined }): Promise<Response> {
  return pageAnswer({
    title: 'Connect a device',
    ...statusOf(form.problem),
    content: html`
<p>A program asks who you are, to issue a signing certificate in your name. Go on only if you started it, and if it shows this code.</p>
<form method="post" action="${form.action}">
${problemText(form.problem)}
<label for="user_code">Code that the program shows</label>
<input id="user_code" name="user_code" class="user-code" value="${userCode ?? ''}" required maxlength="20" autocomplete="off" autocapitalize="characters" spellcheck="false"${focus(userCode)}>
${identityFields({ ...form, isFirst: userCode !== undefined })}
<div class="buttons">
<button name="decision" value="allow">Sign in</button>
<button name="decision" value="deny" class="second" formnovalidate>Deny</button>
</div>
</form>`,
  });
}

export function codePage(code: string): Promise<Response> {
  return pageAnswer({
    title: 'Your code',
    content: html`
<p>Give this code to the program that asked for it. It is good for one use, within two minutes.</p>
<code class="code" tabindex="0">${code}</code>`,
  });
}

export function decidedPage(decision: 'allowed' | 'denied'): Promise<Response> {
  const content =
    decision === 'allowed' ? html`<p>The program goes on by itself. You can close this page.</p>` : html`<p>The program was told. You can close this page.</p>`;
  return pageAnswer({ title: decision === 'allowed' ? 'Signed in' : 'Denied', content });
}

export function refusalPage(refusal: Refusal): Promise<Response> {
  const { status, message, headers } = refusal;
  const content = html`
<p role="alert">${message}.</p>
<p class="soft"><code>${errorCode(refusal)}</code></p>`;
  return pageAnswer({ title: 'This does not work', status, headers, content });
}

/** @param form.isFirst whether what stands before these is filled in, so that the person begins here */
function identityFields({ sealed, needsPassword, email, problem, isFirst }: FormState & { isFirst: boolean }): Html {
  const described = problem === undefined ? '' : html` aria-describedby="problem"`;
  return html`
<input type="hidden" name="form" value="${sealed}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" value="${email ?? ''}" required maxlength="254" autocomplete="username"${isFirst && focus(email)}${described}>
${
  needsPassword
    ? html`<label for="password">Password</label>
<input id="password" name="password" type="password" required autocomplete="current-password"${isFirst && email !== undefined && focus(undefined)}${described}>`
    : html`<p class="note">This private issuer has no accounts: it believes the address that you enter, and asks for no password.</p>`
}`;
}

/** To the first field that is empty. */
function focus(value: string | undefined): Html {
  return value === undefined ? html` autofocus` : html``;
}

function problemText(problem: LoginProblem | undefined): Html {
  return problem === undefined ? html`` : html`<p class="problem" id="problem" role="alert">${problem.problem}</p>`;
}

function statusOf(problem: LoginProblem | undefined): Pick<Page, 'status' | 'headers'> {
  if (problem === undefined) return {};
  return { status: problem.status, ...(problem.status === 429 && { headers: { 'Retry-After': '60' } }) };
}
