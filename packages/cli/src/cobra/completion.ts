/**
 * `TOOL completion SHELL`: a script that asks `TOOL __complete` (complete.ts) for candidates, so that it never grows old. Where there are none, the
 * shell offers files.
 */
import { type Command, exactly } from './command.ts';
import { CommandError } from './failure.ts';

/** @param tool its name, as it is typed */
export function completionCommand(tool: string): Command {
  return {
    usage: 'completion bash|zsh|fish|powershell',
    examples: `  # bash, now and for later
  source <(${tool} completion bash)
  ${tool} completion bash > /etc/bash_completion.d/${tool}

  # zsh: into a folder of $fpath
  ${tool} completion zsh > "\${fpath[1]}/_${tool}"

  # fish
  ${tool} completion fish > ~/.config/fish/completions/${tool}.fish

  # PowerShell: into your profile
  ${tool} completion powershell | Out-String | Invoke-Expression`,
    flags: [],
    arity: exactly(1),
    ignoresVariables: true,
    async run(flags, { io }) {
      const [shell = ''] = flags.positionals;
      const script = SCRIPTS.get(shell);
      if (script === undefined) throw new CommandError(`invalid argument ${JSON.stringify(shell)} for "${tool} completion"`);
      io.stdout(script(tool, tool.replaceAll('-', '_')));
    },
  };
}

/** `name` is the tool's as functions of shells may be called. */
type Script = (tool: string, name: string) => string;

const BASH: Script = (tool, name) => `# ${tool} completion for bash
_${name}() {
  local IFS=$'\\n'
  COMPREPLY=($(${tool} __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _${name} ${tool}
`;

const ZSH: Script = (tool, name) => `#compdef ${tool}
# ${tool} completion for zsh
_${name}() {
  local -a lines
  lines=("\${(@f)$(${tool} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z "\${lines[1]}" ]]; then
    _files
    return
  fi
  lines=("\${(@)lines//:/\\\\:}")
  lines=("\${(@)lines/$'\\t'/:}")
  _describe ${tool} lines
}
if [[ "\${funcstack[1]}" == _${name} ]]; then
  _${name}
else
  compdef _${name} ${tool}
fi
`;

const FISH: Script = (tool, name) => `# ${tool} completion for fish
function __${name}_complete
  set -l words (commandline -opc) (commandline -ct)
  ${tool} __complete -- $words[2..-1] 2>/dev/null
end
complete -c ${tool} -a '(__${name}_complete)'
`;

const POWERSHELL: Script = (tool) => `# ${tool} completion for PowerShell
Register-ArgumentCompleter -Native -CommandName ${tool} -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($word -eq '') { $words += '' }
  ${tool} __complete -- @words 2>$null | ForEach-Object {
    $name, $summary = $_ -split "\`t", 2
    [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $summary)
  }
}
`;

const SCRIPTS: ReadonlyMap<string, Script> = new Map([
  ['bash', BASH],
  ['zsh', ZSH],
  ['fish', FISH],
  ['powershell', POWERSHELL],
]);
