/**
 * Errors that reach a person: a stable code, what happened, what it means for the service, what to do. Everything Mainstay
 * throws on purpose is one of these; the list below is the catalogue that the documentation prints.
 */

export const errorCatalogue = {
  PLUGIN_NOT_FOUND: 'A plugin that the configuration or the distribution names cannot be found.',
  PLUGIN_BAD_MANIFEST: 'The package.json of a plugin lacks a valid "mainstay" block.',
  PLUGIN_API_MISMATCH: 'A plugin asks for an SDK version that this Mainstay does not offer.',
  PLUGIN_BAD_EXPORT: 'The default export of a plugin is not the result of definePlugin or defineChecker.',
  PLUGIN_SETUP_FAILED: 'A plugin threw while it declared its hooks and keywords.',
  PLUGIN_START_FAILED: 'A plugin could not start.',
  PLUGIN_TIMEOUT: 'A plugin did not finish a step of its life cycle in time.',
  PLUGIN_DUPLICATE: 'Two plugins have the same name.',
  ACTION_BAD_DECLARATION: 'A plugin declares an action that cannot be.',
  ACTION_DUPLICATE: 'Two plugins declare an action with the same verb.',
  HOOK_UNKNOWN: 'A plugin taps a hook that the catalogue does not have.',
  HOOK_WRONG_KIND: 'A plugin taps a hook in a way that its kind does not allow.',
  HOOK_WRONG_LANE: "A plugin taps a hook that only plugins in its owner's lane may tap.",
  HOOK_NO_CONSENT: 'A plugin taps a guard that the operator has not allowed to it.',
  HOOK_UNKNOWN_ORDER: 'A tap asks to run before or after a plugin that is not loaded.',
  HOOK_ORDER_CYCLE: 'The before and after wishes of taps contradict each other.',
  HOOK_FROZEN: 'A tap was declared after setup.',
  HOOK_NOT_OWNER: 'A plugin calls a hook that it does not own.',
  CONFIG_KEYWORD_CLASH: 'Two plugins contribute the same keyword to the same block.',
  CONFIG_UNKNOWN_PARENT: 'A plugin extends a block that no loaded plugin contributes.',
  CONFIG_FILE: 'No configuration was found, or it cannot be read.',
  CONFIG_NOT_BOUND: 'A plugin read its configuration before it was bound.',
  PORT_NOT_GRANTED: 'A plugin touched a port that its manifest does not name under "needs".',
  PORT_NOT_SIMULATED: 'A port that the simulation does not have was touched.',
  PORT_FAILED: 'The kernel refused a request of a port.',
  NOTIFY_BAD_EXPORT: 'The default export of a notify hook file is not the result of defineNotify.',
  MODULE_LOAD_FAILED: 'A TypeScript or JavaScript file that the operator named cannot be loaded.',
  NATIVE_MISSING: 'The native part of Mainstay is not there for this machine.',
  CONTROL_UNREACHABLE: 'The daemon does not answer on its control socket.',
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** An error for a person. `hint` says what to do. */
export class MainstayError extends Error {
  override readonly name: string = 'MainstayError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(hint === undefined ? message : `${message} (${hint})`, options);
  }
}

/** The kernel refused a request: `errno` is the symbolic name where it is known. */
export class PortError extends MainstayError {
  override readonly name = 'PortError';
  constructor(
    message: string,
    readonly errno?: string,
    hint?: string,
  ) {
    super('PORT_FAILED', message, hint);
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
