/** Tests that empty the IPVS table and unload modules must find themselves in the throw-away guest of test/lab/ipvs-run. */
import { hostname } from 'node:os';
import { before } from 'mocha';

export function onlyInTheLab(): void {
  before(() => {
    if (hostname() === 'ipvs-lab') return;
    throw new Error('this would empty the IPVS table of the machine that you work on: run it with `npm test -- ipvs`');
  });
}
