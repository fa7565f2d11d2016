/** Configurations of test/fixtures/ipvs of which keepalived makes another table than Mainstay, on purpose; docs/decisions/0017 has the reasons. */

export interface Departure {
  /** What keepalived 2.2.7 makes of it. */
  readonly keepalived: string;
  readonly why: string;
}

export const departures: Readonly<Record<string, Departure>> = {};
