/** Verbs: what an operator may ask a running plugin to do (`mainstay VERB NAME`). Declared in `setup`, run by the plugin host. */

/** How an action came out. The messages are for the person who asked. */
export type ActionResult =
  | { readonly ok: true; readonly message: string }
  | {
      readonly ok: false;
      readonly message: string;
      /** What to do about it. */
      readonly hint?: string;
      /** True: the plugin has no object of that name. The names that there are, of the action's kind, are then shown with it. */
      readonly unknown?: true;
    };

export interface Action {
  /** `[a-z][a-z-]*`; one plugin of a daemon has it. Commands of `mainstay` itself win: such a verb needs `mainstay act`. */
  readonly verb: string;
  /** Kind of the objects that it is for, as their status calls it: the keyword of the configuration. */
  readonly object: string;
  /** One line for `mainstay actions`. */
  readonly doc: string;
  /** How long it may take, in milliseconds: 30 s where absent, 120 s at most. After that it has failed for whoever asked. */
  readonly deadlineMs?: number;
  /**
   * Does it to the object of that name. Called only while the plugin runs, and again before an earlier call has settled where
   * two operators ask at once. A throw or rejection is a failed result.
   */
  run(name: string): ActionResult | Promise<ActionResult>;
}

export const actionDeadlineMs = { default: 30_000, longest: 120_000 } as const;

/** Declared in `setup`, run while the plugin runs. */
export interface ActionPoints {
  declare(action: Action): void;
}
