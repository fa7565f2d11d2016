/** `npm start`: shows a failover, on this machine's kernel as root, in the simulator otherwise or with `--simulate`; with BFD if asked to. */
import { Namespaces } from './namespaces.js';
import { Simulator } from './simulator.js';
import { plots, tell, virtualAddress } from './story.js';
import { Timeline } from './timeline.js';

const isRoot = process.getuid?.() === 0;
const isSimulated = !isRoot || process.argv.includes('--simulate');
const plot = process.argv.includes('--bfd') ? plots.bfd : plots.plain;

function introduce(timeline: Timeline): void {
  const where = isSimulated
    ? `SIMULATED: virtual kernels, network and time${isRoot ? '' : ' (the real thing needs root)'}. The VRRP plugin is the real one.`
    : 'REAL: this kernel, in network namespaces that are removed afterwards.';
  timeline.print(`Two routers share ${virtualAddress}; a client asks it something every 10 ms.`);
  timeline.print(where);
  timeline.print(plot.introduction);
  timeline.print(`When a falls silent, b takes over within ${plot.boundMs.toFixed(0)} ms (${plot.bound}).`);
  timeline.print('');
}

async function simulated(): Promise<boolean> {
  const simulator = await Simulator.create(plot);
  const timeline = new Timeline(() => simulator.now());
  simulator.tellTo(timeline);
  introduce(timeline);
  return tell(simulator, timeline, plot);
}

async function real(): Promise<boolean> {
  const timeline = new Timeline(() => performance.now());
  introduce(timeline);
  const stage = new Namespaces(timeline, plot);
  const isSeen = await tell(stage, timeline, plot);
  if (!isSeen) timeline.print(stage.logs);
  await stage.close();
  return isSeen;
}

process.exit((await (isSimulated ? simulated() : real())) ? 0 : 1);
