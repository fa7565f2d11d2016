/** What a plugin reports of its objects: the material of `mainstay status` and `mainstay explain`. */

export type StatusValue = string | number | boolean | null | readonly StatusValue[] | { readonly [key: string]: StatusValue };

/** One object (an instance, a session, a server) as an operator sees it. */
export interface ObjectStatus {
  /** The keyword of the configuration that made it: `vrrp_instance`. */
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  /** Shown as columns, in this order. */
  readonly summary: Readonly<Record<string, StatusValue>>;
  /** Everything else; `--json` and the single-object view show it. */
  readonly detail: Readonly<Record<string, StatusValue>>;
  /**
   * Fields of `summary` and `detail`, at any depth, that are moments: milliseconds since the epoch. `--json` shows the numbers, everything
   * else `2s ago` and `in 3s`.
   */
  readonly moments?: readonly string[];
}

/** One thing that makes a value or state what it is. */
export interface Contributor {
  /** Which value: `state`, `priority`. */
  readonly of: string;
  /** Plugin, keyword or peer that contributes. */
  readonly source: string;
  readonly effect: string;
  readonly why: string;
  /** Milliseconds since the epoch of when it came to be; absent for configuration. */
  readonly since?: number;
  /** Milliseconds since the epoch of when it was looked at last, and will be next; absent for what nobody looks at by a schedule. */
  readonly lastAt?: number;
  readonly nextAt?: number;
}

export interface Explanation {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  /** One sentence: why it is in this state. */
  readonly because: string;
  readonly contributors: readonly Contributor[];
}

/** Registered in `setup`, asked at run time. */
export interface StatusPoints {
  /** A promise is awaited for two seconds. */
  objects(report: () => readonly ObjectStatus[] | Promise<readonly ObjectStatus[]>): void;
  explain(explain: (name: string) => Explanation | undefined | Promise<Explanation | undefined>): void;
}
