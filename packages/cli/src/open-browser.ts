/** Shows a page to the person at this machine, with whatever opens pages here. */
import { spawn } from 'node:child_process';

/** Returns when a browser has it. Rejects when there is none, and for what is no web page: an opener would start a program for it. */
export async function openBrowser(url: string): Promise<void> {
  const { protocol, href } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') throw new Error(`not a web page: ${protocol}`);
  const openers = OPENERS[process.platform] ?? UNIX_OPENERS;
  const problems: string[] = [];
  for (const [program, ...args] of openers) {
    const problem = await start(program, [...args, href]);
    if (problem === undefined) return;
    problems.push(problem);
  }
  throw new Error(problems.join('; '));
}

/** No shell sees the address. Undefined once it runs: some openers end at once, others are the browser itself. */
function start(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore', detached: true });
    const opened = setTimeout(() => resolve(undefined), STILL_RUNNING_MS);
    const end = (problem: string | undefined): void => {
      clearTimeout(opened);
      resolve(problem);
    };
    child.on('error', ({ message }) => end(message));
    child.on('exit', (status) => end(status === 0 ? undefined : `${program} ended with status ${status}`));
    child.unref();
  });
}

type Opener = readonly [string, ...string[]];

const UNIX_OPENERS: readonly Opener[] = [['xdg-open'], ['x-www-browser'], ['www-browser']];
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly Opener[]>>> = {
  darwin: [['open']],
  win32: [['rundll32', 'url.dll,FileProtocolHandler']],
};
const STILL_RUNNING_MS = 2000;
