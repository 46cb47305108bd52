/** The commands of helm that we have: what each is for, and where it is. */
import type { CommandEntry } from '../cobra/command.ts';

/** `tool` is how it is called in texts. */
export function commandsOf(tool: string): CommandEntry[] {
  const pull = async () => (await import('./pull.ts')).pullCommand(tool);
  return [
    { name: 'package', summary: 'Package a chart folder into a chart archive', load: async () => (await import('./package.ts')).packageCommand(tool) },
    { name: 'push', summary: 'Push a chart to a registry', load: async () => (await import('./push.ts')).pushCommand(tool) },
    { name: 'pull', summary: 'Download a chart from a registry, and unpack it if asked to', load: pull },
    { name: 'fetch', summary: 'Download a chart from a registry, and unpack it if asked to', hidden: true, load: pull },
    ...SHOWN.flatMap(([name, summary]) => showEntries(tool, name, summary)),
    { name: 'verify', summary: 'Verify that a chart archive is signed and unchanged', load: async () => (await import('./verify.ts')).verifyCommand(tool) },
  ];
}

const SHOWN = [
  ['all', 'Show everything about a chart'],
  ['chart', 'Show the Chart.yaml of a chart'],
  ['crds', 'Show the custom resource definitions of a chart'],
  ['readme', 'Show the README of a chart'],
  ['values', 'Show the values.yaml of a chart'],
] as const;

function showEntries(tool: string, name: (typeof SHOWN)[number][0], summary: string): CommandEntry[] {
  const load = async () => (await import('./show.ts')).showCommand(tool, name);
  return [
    { name: `show ${name}`, summary, load },
    { name: `inspect ${name}`, summary, hidden: true, load },
  ];
}
