/**
 * Runs scenarios of real programs side by side, so that waiting costs nothing, and reports every step of each as a mocha test of
 * its own. A step that fails takes the later steps of its scenario with it.
 */
import { after, before, describe, it } from 'mocha';

export interface Scenario<World> {
  readonly name: string;
  open(): Promise<World>;
  /** In order. */
  readonly steps: Readonly<Record<string, (world: World) => Promise<void> | void>>;
  close(world: World): Promise<void> | void;
}

/** Declares a mocha suite of scenarios, of which at most `width` run at once; each must end within `limitMs` of the first one's start. */
export function describeScenarios<World>(title: string, width: number, limitMs: number, all: readonly Scenario<World>[]): void {
  describe(title, function () {
    this.timeout(limitMs);
    const outcomes = all.map((scenario) => Object.keys(scenario.steps).map((name) => new Outcome(name)));
    let everything: Promise<unknown>;

    before(() => {
      const waiting = all.map((scenario, i) => () => play(scenario, outcomes[i] ?? []));
      const worker = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
      };
      everything = Promise.all(Array.from({ length: width }, worker));
    });
    after(() => everything);

    for (const [i, scenario] of all.entries()) {
      describe(scenario.name, () => {
        for (const outcome of outcomes[i] ?? []) it(outcome.name, () => outcome.promise);
      });
    }
  });
}

/** The result of a step, which mocha may ask for before or after it is known. */
class Outcome {
  readonly promise: Promise<void>;
  succeed!: () => void;
  fail!: (error: Error) => void;

  constructor(readonly name: string) {
    this.promise = new Promise((resolve, reject) => {
      this.succeed = resolve;
      this.fail = reject;
    });
    this.promise.catch(() => undefined);
  }
}

async function play<World>(scenario: Scenario<World>, outcomes: readonly Outcome[]): Promise<void> {
  let world: World | undefined;
  let broken: string | undefined;
  try {
    world = await scenario.open();
  } catch (error) {
    broken = `setting up failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  for (const outcome of outcomes) {
    if (broken !== undefined || world === undefined) {
      outcome.fail(new Error(`not reached, because ${broken}`));
      continue;
    }
    try {
      await scenario.steps[outcome.name]?.(world);
      outcome.succeed();
    } catch (error) {
      broken = `"${outcome.name}" failed`;
      outcome.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }
  if (world !== undefined) await scenario.close(world);
}
