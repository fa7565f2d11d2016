/** With routines and without, clients of the checking loop are told the same at the same time, whatever servers do. */
import assert from 'node:assert/strict';
import { type CheckContext, type Connection, down, type Ports, type Routine, up, type Verdict } from '@mainstay/sdk';
import { SimulatedServers, serves, simulatedSockets } from '@mainstay/testing';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { AskingRoutines } from '../../support/asking-routines.js';
import { loopBench, request } from './loop-bench.js';

const address = '192.0.2.1';
const port = 80;

const mood = fc.constantFrom(
  'fine',
  'fine',
  'fine',
  'fine in other words',
  'bad',
  'in two pieces',
  'cut off',
  'silent',
  'slow',
  'resetting',
  'not listening',
  'off',
  'unreachable',
);
type Mood = typeof mood extends fc.Arbitrary<infer Value> ? Value : never;
const day = fc.array(fc.record({ mood, forMs: fc.integer({ min: 1, max: 9000 }) }), { minLength: 1, maxLength: 15 });

function put(servers: SimulatedServers, mood: Mood): void {
  servers.stop(address, port);
  servers.host(address, { state: mood === 'off' ? 'silent' : mood === 'unreachable' ? 'unreachable' : 'up', delayMs: 3 });
  const answers = (...texts: readonly string[]) =>
    servers.tcp(address, port, async (peer) => {
      await peer.read();
      for (const text of texts) {
        await peer.write(text);
        await peer.wait(5);
      }
      peer.end();
    });
  if (mood === 'fine') answers('ok, all is well');
  else if (mood === 'fine in other words') answers('ok, if you ask me');
  else if (mood === 'bad') answers('no, all is lost');
  else if (mood === 'in two pieces') answers('ok, all', ' is well');
  else if (mood === 'cut off') answers('o');
  else if (mood === 'slow') answers('ok', ',', ' ', 'a', 'l', 'l', ' ', 'i', 's', ' ', 'w', 'e', 'l', 'l');
  else if (mood === 'silent') servers.tcp(address, port, serves.silence());
  else if (mood === 'resetting') servers.tcp(address, port, serves.reset());
}

/** Up where the whole answer begins with "ok", as HTTP_GET is where the status is right. */
async function check({ target, signal, ports, memory }: CheckContext<unknown>): Promise<Verdict> {
  let connection: Connection | undefined;
  try {
    connection = await ports.tcp.connect(target, { signal });
    connection.write('how are you?').catch(() => {});
    let text = '';
    for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read()) text += Buffer.from(bytes);
    memory.set('octets', text.length);
    return text.startsWith('ok') ? up() : down(`it says "${text}"`);
  } finally {
    connection?.close();
  }
}

function routine({ memory }: { readonly memory: Map<string, unknown> }): Routine {
  const octets = memory.get('octets') as number;
  return { send: 'how are you?', answer: { octets, parts: [{ at: 0, text: 'ok' }], isEnded: true } };
}

async function lived(
  phases: readonly { readonly mood: Mood; readonly forMs: number }[],
  retry: number,
  rise: number,
  hasRoutines: boolean,
) {
  let rounds = 0;
  let tcp: Ports['tcp'] | undefined;
  let asking: AskingRoutines | undefined;
  const bench = loopBench(undefined, {
    begin: (question, departed) => {
      if (!hasRoutines) throw new Error('not in this life');
      asking ??= new AskingRoutines(bench.clock, tcp as Ports['tcp']);
      return asking.begin(question, departed);
    },
    close: () => {},
  });
  bench.bus.setRemoteInterest([]);
  const servers = new SimulatedServers(bench.clock);
  const ports = simulatedSockets(servers) as Ports;
  ({ tcp } = ports);
  bench.serve(check as never, { needs: ['tcp'], ...(hasRoutines && { routine: routine as never }) }, ports);
  const told: unknown[] = [];
  bench.put(
    request('a', {
      target: { address, port },
      timing: { delayLoopMs: 1000, delayBeforeRetryMs: 200, timeoutMs: 400, retry, rise },
    }),
  );
  for (const { mood: next, forMs } of phases) {
    put(servers, next);
    await bench.clock.advance(forMs);
    told.push(bench.states.map(({ isUp, reason, since }) => [isUp, reason, since]));
  }
  const [report] = bench.loop.report('lb');
  rounds = asking?.rounds ?? 0;
  const { probes, failures, nextProbeAt, lastProbeAt } = report ?? {};
  bench.loop.close();
  // The one under way counts when it is over.
  const counts = nextProbeAt === undefined ? undefined : { probes, nextProbeAt, lastProbeAt };
  return { seen: { told, failures, ...counts }, rounds };
}

describe('routines of the checking loop, by properties', function () {
  this.timeout(60_000);
  it('tell what checks without them tell, at the same times', async () => {
    let rounds = 0;
    await fc.assert(
      fc.asyncProperty(day, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 3 }), async (phases, retry, rise) => {
        const without = await lived(phases, retry, rise, false);
        const withRoutines = await lived(phases, retry, rise, true);
        assert.deepEqual(withRoutines.seen, without.seen);
        rounds += withRoutines.rounds;
      }),
      { numRuns: 120 },
    );
    assert.ok(rounds > 300, `only ${rounds} probes were made by routine`);
  });
});
