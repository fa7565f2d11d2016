/** regex_options as they bear on the meaning of a pattern. Pure; used by judge.ts and rules.ts. */
import type { RegexOption } from '../config.js';
import type { PatternOptions } from './syntax.js';

/**
 * The other options change nothing about whether something is found: how fast (auto_possess, dotstar_anchor, start_optimize,
 * callouts without anybody to call), how much (ungreedy), what groups hold (auto_capture, dupnames, unset references), or forbid
 * what a pattern cannot have here in any case (never_ucp, never_utf, \C, verbs).
 */
export function patternOptions(options: readonly RegexOption[]): PatternOptions {
  const has = (option: RegexOption) => options.includes(option);
  return {
    caseless: has('caseless'),
    dotall: has('dotall'),
    multiline: has('multiline'),
    extended: has('extended'),
    dollar_endonly: has('dollar_endonly'),
    utf: has('utf'),
    ucp: has('ucp'),
    allow_empty_class: has('allow_empty_class'),
    alt_bsux: has('alt_bsux'),
    alt_circumflex: has('alt_circumflex'),
    firstline: has('firstline'),
  };
}
