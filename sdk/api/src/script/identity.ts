/** Who runs a script: its own user, or who runs those that name none. For every plugin that runs scripts; review.ts asks for it too. */
import type { ProcessPort, ScriptIdentity } from '../ports/host.js';
import type { GlobalScriptConfig, ScriptUser } from './keywords.js';

/** The user that runs scripts where nothing else is said and the host has it (keepalived.conf(5), script_user). */
export const conventionalScriptUser = 'keepalived_script';

/** Who runs a script, or why nobody does. */
export type WhoRuns = { readonly identity: ScriptIdentity } | { readonly nobody: string };

interface Answer {
  readonly who: WhoRuns;
  /** What the host may say otherwise a moment later is asked again. */
  readonly isKept: boolean;
}

/** `global` as the configuration has it now: made anew after a reload. */
export class ScriptIdentities {
  #asked: Promise<Answer> | undefined;

  constructor(
    private readonly global: GlobalScriptConfig,
    private readonly port: ProcessPort,
  ) {}

  /** Who runs a script with that user of its own, or without one. The host is asked once, and again where it could not say. */
  async of(own: ScriptUser | undefined): Promise<WhoRuns> {
    const named = own ?? this.global.script_user;
    if (named !== undefined) return { identity: named };
    this.#asked ??= this.#ask();
    const asked = this.#asked;
    let isKept = false;
    try {
      const answer = await asked;
      isKept = answer.isKept;
      return answer.who;
    } finally {
      if (!isKept && this.#asked === asked) this.#asked = undefined;
    }
  }

  async #ask(): Promise<Answer> {
    const { kind, message = '' } = (await this.port.inspect(['/bin/sh'], { user: conventionalScriptUser })) ?? {};
    if (kind !== 'unknown-user' && kind !== 'unanswered') {
      return { who: { identity: { user: conventionalScriptUser } }, isKept: true };
    }
    if (this.global.enable_script_security) return { who: { nobody: `${rule}: ${message}` }, isKept: false };
    // As keepalived: the user of the daemon.
    return { who: { identity: {} }, isKept: kind === 'unknown-user' };
  }
}

const rule =
  'it names no user, script_user is not set, and under enable_script_security it does not run as the user of the daemon instead';
