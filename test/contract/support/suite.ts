/** Runs a contract suite in every world, with a fresh one for each suite. */
import { after, before, describe } from 'mocha';
import { linuxWorld } from './linux-world.js';
import { simulatedWorld } from './simulated-world.js';
import type { World, WorldMaker } from './world.js';

export const worlds: readonly WorldMaker[] = [simulatedWorld, linuxWorld];

/** Declares `suite` once for each world; `makers` where it is not for the two that every port has. */
export function describePortContract(port: string, suite: (world: () => World) => void, makers = worlds): void {
  for (const maker of makers) {
    describe(`${port} (${maker.name})`, function () {
      this.timeout(30_000);
      let world: World | undefined;
      before(async () => {
        world = await maker.make();
      });
      after(async () => {
        await world?.destroy();
      });
      suite(() => {
        if (world === undefined) throw new Error('the world could not be made');
        return world;
      });
    });
  }
}
