/**
 * The program of a lane process: connects a Lane to the fork channel, Linux ports and the host. Started by the supervisor as
 * `main.js LANE KIND`; ends when the supervisor is gone.
 */
import { Writable } from 'node:stream';
import {
  type LaneKind,
  laneKinds,
  MainstayError,
  messageOf,
  type PacemakerStatus,
  type PortName,
  type Ports,
} from '@mainstay/sdk';
import { LineCutter } from '../log/line-cutter.js';
import { LinuxRoutines } from '../ports/sockets/routines.js';
import { weigh } from '../supervisor/memory.js';
import { collectYoungGarbage } from '../young-garbage.js';
import { BoundedSender } from './bounded-sender.js';
import { laneHost } from './host-adapter.js';
import { Lane } from './lane.js';
import { asSent, type Batch, type FromLane, messagesIn, type SentToLane } from './messages.js';
import { openPorts } from './open-ports.js';
import { Attribution, describeStray, maySurvive } from './stray.js';

/** The process ends this long after it should have, whatever a plugin does. */
const longestEndMs = 8000;
/** Of the errors that nobody caught, so many are told, and then each thousandth: code that fails in a loop must not fill the log. */
const straysTold = 20;
/** Messages on their way out beyond which checks and their states wait where only the newest of each is kept. */
const busyFrom = 16;

const [, , name = 'lane', kindText = 'extension'] = process.argv;
const kind: LaneKind = laneKinds.find((known) => known === kindText) ?? 'extension';
process.title = `mainstay: ${name}`;

/** Who balances and who checks must keep time as any server does: a probe that waits for the processor looks like a slow server. */
const weights: Readonly<Record<LaneKind, Parameters<typeof weigh>[0]>> = {
  realtime: { nice: -10, oomScoreAdjust: -500 },
  balance: { oomScoreAdjust: -250 },
  health: { oomScoreAdjust: 250 },
  extension: { nice: 10, oomScoreAdjust: 500 },
};
const refused = weigh(weights[kind]);
const sender = new BoundedSender((batch, done) => {
  if (process.connected) process.send?.({ batch } satisfies Batch<FromLane>, undefined, {}, done);
  else done();
});
process.on('exit', () => sender.sendAll());

function say(level: 'error' | 'debug', message: string, plugin = 'mainstay'): void {
  const text = plugin === 'mainstay' ? `${name} lane: ${message}` : message;
  sender.send({ kind: 'log', record: { level, plugin, message: text, at: Date.now() } });
}

/** What code here prints goes the bounded way of the log, too: the pipe would take it into memory while nobody reads. */
function logged(): Writable {
  const cutter = new LineCutter((message) =>
    sender.send({ kind: 'log', record: { level: 'info', plugin: `lane:${name}`, message, at: Date.now() } }),
  );
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      cutter.push(chunk.toString());
      done();
    },
  });
}
for (const stream of ['stdout', 'stderr'] as const) Object.defineProperty(process, stream, { value: logged() });

let attribution = new Attribution([]);
let strays = 0;

/** Answers whose it was. */
function stray(what: string, error: unknown) {
  const culprit = attribution.culpritOf(error);
  strays++;
  if (strays <= straysTold || strays % 1000 === 0) {
    const count = strays > straysTold ? ` (number ${strays})` : '';
    say('error', `${what}: ${describeStray(error)}${count}`, culprit?.plugin);
  }
  return culprit;
}

process.on('unhandledRejection', (reason) => void stray('nobody handled the rejection of a promise', reason));
process.on('uncaughtException', (error) => {
  if (maySurvive(kind, stray('nobody caught an exception', error))) return;
  say('debug', error.stack ?? String(error));
  process.exit(1);
});

let ports: Ports | undefined;

async function open(needs: ReadonlySet<PortName>): Promise<void> {
  ports = await openPorts(needs, (error) => say('error', `the kernel's ports: ${messageOf(error)}`));
}

function portsFor(plugin: string): Ports {
  if (ports === undefined)
    throw new MainstayError('PORT_NOT_GRANTED', `the ports of the ${name} lane are not open for ${plugin}`);
  return ports;
}

/** What the operator is told of how this lane keeps time. */
function paceOf(status: PacemakerStatus): Readonly<Record<string, unknown>> {
  const { by, why } = status;
  if (why === undefined) return { ...status };
  const warning =
    by === 'javascript'
      ? `packets are paced by timers of JavaScript, and are late when it is busy: ${why}`
      : `packets may be late on a busy host: ${why}`;
  return { ...status, warning };
}

const host = laneHost({
  log: (record) => sender.send({ kind: 'log', record }),
  portsFor,
  openPorts: open,
  routines: new LinuxRoutines(),
  laneFacts: () => ({ ...(ports?.pacemaker && { pacemaker: paceOf(ports.pacemaker.status()) }) }),
  onObserve: (hook, key, payload) => sender.send({ kind: 'event', hook, key, payload }),
  onForget: (hook, key) => sender.send({ kind: 'event', hook, key, payload: undefined, about: 'forgotten' }),
  checkChannel: { send: (message) => sender.send(message), isBusy: () => sender.waiting >= busyFrom },
  onLease: (hook, key, plugin, terms) => sender.send({ kind: 'lease', hook, key, plugin, ...(terms && { terms }) }),
});

const lane = new Lane(host, {
  send: (message) => sender.send(message),
  exit: (code) => {
    process.exitCode = code;
    const end = () => (sender.waiting === 0 || !process.connected ? process.exit() : setTimeout(end, 5));
    setTimeout(() => process.exit(), 500).unref();
    end();
  },
});

function end(): void {
  setTimeout(() => process.exit(1), longestEndMs).unref();
  lane.stop('shutdown');
}

/**
 * The supervisor is gone. The realtime lane ends cleanly: another router is to take over. The others leave at once: a table of
 * connections that goes on by itself is for the next daemon to find, and whatever else they would do has nobody to report to.
 */
function abandoned(): void {
  if (kind === 'realtime') end();
  else process.exit(1);
}

/** The channel tells of the supervisor's end only those who listen, and a lane that spins does not. */
async function dieWithSupervisor(): Promise<void> {
  try {
    const { setParentDeathSignal } = await import('@mainstay/pacemaker');
    if (!setParentDeathSignal(kind === 'realtime' ? 'SIGTERM' : 'SIGKILL', process.ppid)) abandoned();
  } catch (error) {
    say('debug', `it ends with the supervisor only while it listens: ${messageOf(error)}`);
  }
}

process.on('message', (arrived) => {
  for (const sent of messagesIn(arrived) as readonly SentToLane[]) {
    const message = asSent(sent);
    if (message.kind === 'setup') attribution = new Attribution(message.setup.plugins);
    lane.receive(message);
  }
});
process.on('disconnect', abandoned);
process.on('SIGTERM', end);
// The terminal and service managers signal the whole group: what to do about it is the supervisor's decision.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});
for (const what of refused) say('debug', what);
collectYoungGarbage();
await dieWithSupervisor();
