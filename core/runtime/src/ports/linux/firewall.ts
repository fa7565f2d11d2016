/**
 * The `firewall` port through nft(8), the program of Debian's package nftables: one table for each set, replaced in one
 * transaction. Nothing runs before the port is used.
 */
import { type ChangeResult, type Firewall, messageOf } from '@mainstay/sdk';
import { type FilterRun, limitMs, runFilterProgram } from './filter-program.js';
import { removalOf, replacementOf, tableOf } from './firewall-rules.js';
import { refusalText } from './refusal.js';

const done: ChangeResult = { outcome: 'done' };
const unchanged: ChangeResult = { outcome: 'unchanged' };
/** What nft says when it deletes a table that is not there; and where the kernel has no nftables, so that none can be there. */
const nothingThere = /No such file or directory|Protocol not supported|cache initialization failed: Invalid argument/;
const shown = 5;

export class LinuxFirewall implements Firewall {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly program = 'nft') {}

  refuse(set: string, addresses: readonly string[]): Promise<ChangeResult> {
    const asked = [...addresses];
    const result = this.last.then(() => this.apply(set, asked)).catch((error) => failure(asked, messageOf(error)));
    this.last = result;
    return result;
  }

  private async apply(set: string, addresses: readonly string[]): Promise<ChangeResult> {
    const table = tableOf(set);
    if (table === undefined) return failure(addresses, refusalText('EINVAL', `"${set}" is not the name of a set`));
    if (addresses.length === 0) return removed(table, await runFilterProgram(this.program, removalOf(table)));
    const rules = replacementOf(table, addresses);
    if ('problem' in rules) return failure(addresses, refusalText('EINVAL', rules.problem));
    const run = await runFilterProgram(this.program, rules.script);
    return run.outcome === 'exited' && run.code === 0 ? done : failure(addresses, whyOf(run));
  }
}

function removed(table: string, run: FilterRun): ChangeResult {
  // Without the program none of our rules were ever made.
  if (run.outcome === 'missing') return unchanged;
  if (run.outcome === 'exited' && run.code === 0) return done;
  if (run.outcome === 'exited' && nothingThere.test(run.words)) return unchanged;
  const error = `the packet filter table inet ${table} could not be removed, so packets to the addresses in it are still dropped: ${whyOf(run)}; by hand: nft delete table inet ${table}`;
  return { outcome: 'failed', error };
}

/** What it means for the service comes first. */
function failure(addresses: readonly string[], why: string): ChangeResult {
  const more = addresses.length > shown ? ` and ${addresses.length - shown} more` : '';
  const which = `${addresses.slice(0, shown).join(', ')}${more}`;
  const consequence = which === '' ? '' : `packets to ${which} are not refused, unless they were before: `;
  return { outcome: 'failed', error: `${consequence}${why}` };
}

function whyOf(run: FilterRun): string {
  switch (run.outcome) {
    case 'missing':
      return 'the program nft is not installed: install the package nftables';
    case 'timedOut':
      return `nft did not end within ${limitMs} ms and was killed; "nft list ruleset" shows whether it had done its work`;
    case 'failed':
      return `nft could not be run: ${run.error}`;
    case 'exited':
      return `nft says: ${sentenceOf(run.words) || `nothing, exit code ${run.code}`}${hintFor(run.words)}`;
  }
}

/** Its first message, without the place in our script. */
function sentenceOf(words: string): string {
  const line = words.split('\n').find((text) => text.trim() !== '') ?? '';
  return line.replace(/^.*?Error: /, '').trim();
}

function hintFor(words: string): string {
  if (/not permitted|Permission denied/.test(words)) return '; it needs CAP_NET_ADMIN: run mainstay as root or grant it';
  if (/not supported|cache initialization failed/.test(words)) return '; the kernel needs nf_tables (CONFIG_NF_TABLES_INET)';
  return '';
}
