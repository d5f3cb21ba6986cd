/** A shell that completes the words of `tq`. */
export type Shell = 'bash' | 'zsh' | 'fish';

export const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** The hidden word that scripts call `tq` with: `tq complete SHELL -- WORDS… PARTIAL`. */
export const COMPLETE = 'complete';

/**
 * The script that makes a shell complete `tq`. It asks the `tq` that is being typed, so that it need not be made anew for
 * another version; where `tq` has nothing to say, the shell offers files.
 */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of tq for bash: source <(tq completion bash)
_tq() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" ${COMPLETE} bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o bashdefault -o default -F _tq tq`,
  zsh: `#compdef tq
# Completion of tq for zsh: source <(tq completion zsh), after compinit; or a file _tq in a folder of $fpath.
_tq() {
  local -a found
  found=("\${(@f)$("\${words[1]}" ${COMPLETE} zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then
    _describe tq found
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _tq ]]; then
  _tq "$@"
else
  compdef _tq tq
fi`,
  fish: `# Completion of tq for fish: tq completion fish | source
function __tq_complete
    set -l before (commandline -opc)
    set -l program $before[1]
    set -e before[1]
    set -l found (command $program ${COMPLETE} fish -- $before (commandline -ct) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c tq -f -a '(__tq_complete)'`,
};
