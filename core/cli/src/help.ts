/** The texts of --help, made from the tables of options. */
import { clientOptions, daemonOptions, type OptionEntry } from './option-table.js';
import type { CommandName } from './options.js';

const summaries: Readonly<Record<CommandName, string>> = {
  run: 'run the daemon (also without a command: mainstay -n -f FILE)',
  check: 'check a configuration: mainstay check [FILE]',
  status: 'what the running daemon does: mainstay status [NAME]',
  watch: 'the events of the running daemon as they come: mainstay watch [HOOK]...',
  explain: 'why an instance is in its state: mainstay explain NAME',
  plugins: 'the plugins of the running daemon',
  hooks: 'the hooks that plugins may tap; --taps: who taps them',
  actions: 'what the plugins of the running daemon can be asked to do',
  act: 'have a plugin do it: mainstay act VERB NAME, or mainstay VERB NAME (mainstay handover VI_1)',
  reload: 'reload the configuration of the running daemon, and say what came of it',
};

function left({ short, long, value, placeholder }: OptionEntry): string {
  const name = short === undefined ? `    --${long}` : `-${short}, --${long}`;
  return value === 'none' ? name : value === 'required' ? `${name} ${placeholder}` : `${name}[=${placeholder}]`;
}

function list(options: readonly OptionEntry[]): string {
  const shown = options.filter((option) => option.notBuilt === undefined).map((option) => [left(option), option.help] as const);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`).join('\n');
}

const exitCodes = `Exit codes
  run     0 ended cleanly, 1 could not start or go on, 2 configuration unusable, 4 privileges lack
  check   0 clean, 4 cannot be read, 5 errors, 6 a script is not safe to run
  others  0 done, 1 refused, 3 no daemon answers`;

/** `brought`: commands of plugins, with the name of the package. */
export function helpText(command?: CommandName, brought: readonly (readonly [name: string, from: string])[] = []): string {
  if (command === undefined) {
    const entries = [
      ...Object.entries(summaries),
      ...brought.map(([name, from]) => [name, `of ${from}: mainstay ${name} --help`]),
    ];
    const names = entries.map(([name = '', summary]) => `  ${name.padEnd(8)}  ${summary}`);
    return `mainstay COMMAND [OPTION]...\n\nCommands\n${names.join('\n')}\n\nOptions of run\n${list(daemonOptions)}\n\n${exitCodes}\n`;
  }
  const options = command === 'run' ? daemonOptions : clientOptions;
  return `mainstay ${command}: ${summaries[command]}\n\n${list(options)}\n\n${exitCodes}\n`;
}
