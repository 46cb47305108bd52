/**
 * `cosign completion SHELL`: a script that asks `cosign __complete` (complete.ts) for candidates, so that it never grows old. Where there are none, the
 * shell offers files.
 */
import { type Command, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';

export const command: Command = {
  usage: 'completion bash|zsh|fish|powershell',
  examples: `  # bash, now and for later
  source <(cosign completion bash)
  cosign completion bash > /etc/bash_completion.d/cosign

  # zsh: into a folder of $fpath
  cosign completion zsh > "\${fpath[1]}/_cosign"

  # fish
  cosign completion fish > ~/.config/fish/completions/cosign.fish

  # PowerShell: into your profile
  cosign completion powershell | Out-String | Invoke-Expression`,
  flags: [],
  arity: exactly(1),
  ignoresVariables: true,
  async run(flags, { io }) {
    const [shell = ''] = flags.positionals;
    const script = SCRIPTS.get(shell);
    if (script === undefined) throw new CommandError(`invalid argument ${JSON.stringify(shell)} for "cosign completion"`);
    io.stdout(script);
  },
};

const BASH = `# cosign completion for bash
_cosign() {
  local IFS=$'\\n'
  COMPREPLY=($(cosign __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _cosign cosign
`;

const ZSH = `#compdef cosign
# cosign completion for zsh
_cosign() {
  local -a lines
  lines=("\${(@f)$(cosign __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z "\${lines[1]}" ]]; then
    _files
    return
  fi
  lines=("\${(@)lines//:/\\\\:}")
  lines=("\${(@)lines/$'\\t'/:}")
  _describe cosign lines
}
if [[ "\${funcstack[1]}" == _cosign ]]; then
  _cosign
else
  compdef _cosign cosign
fi
`;

const FISH = `# cosign completion for fish
function __cosign_complete
  set -l words (commandline -opc) (commandline -ct)
  cosign __complete -- $words[2..-1] 2>/dev/null
end
complete -c cosign -a '(__cosign_complete)'
`;

const POWERSHELL = `# cosign completion for PowerShell
Register-ArgumentCompleter -Native -CommandName cosign -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($word -eq '') { $words += '' }
  cosign __complete -- @words 2>$null | ForEach-Object {
    $name, $summary = $_ -split "\`t", 2
    [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $summary)
  }
}
`;

const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ['bash', BASH],
  ['zsh', ZSH],
  ['fish', FISH],
  ['powershell', POWERSHELL],
]);
