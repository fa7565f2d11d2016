/**
 * The program of a lane process: connects a Lane to the fork channel, Linux ports and the host. Started by the supervisor as
 * `main.js LANE KIND`; ends when the supervisor is gone.
 */
import { MainstayError, messageOf, type PortName, type Ports } from '@mainstay/sdk';
import { weigh } from '../supervisor/memory.js';
import { BoundedSender } from './bounded-sender.js';
import { laneHost } from './host-adapter.js';
import { Lane } from './lane.js';
import type { ToLane } from './messages.js';
import { openPorts } from './open-ports.js';

/** The process ends this long after it should have, whatever a plugin does. */
const longestEndMs = 8000;

const [, , name = 'lane', kind = 'extension'] = process.argv;
process.title = `mainstay: ${name}`;

const refused = weigh(kind === 'realtime' ? { nice: -10, oomScoreAdjust: -500 } : { nice: 10, oomScoreAdjust: 500 });
const sender = new BoundedSender((message, done) => {
  if (process.connected) process.send?.(message, undefined, {}, done);
});

function say(level: 'error' | 'debug', message: string): void {
  sender.send({ kind: 'log', record: { level, plugin: 'mainstay', message: `${name} lane: ${message}`, at: Date.now() } });
}

let ports: Ports | undefined;

async function open(needs: ReadonlySet<PortName>): Promise<void> {
  ports = await openPorts(needs, (error) => say('error', `the kernel's ports: ${messageOf(error)}`));
}

function portsFor(plugin: string): Ports {
  if (ports === undefined)
    throw new MainstayError('PORT_NOT_GRANTED', `the ports of the ${name} lane are not open for ${plugin}`);
  return ports;
}

const host = laneHost({
  log: (record) => sender.send({ kind: 'log', record }),
  portsFor,
  openPorts: open,
  onObserve: (hook, key, payload) => sender.send({ kind: 'event', hook, key, payload }),
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

process.on('message', (message: ToLane) => lane.receive(message));
process.on('disconnect', end);
process.on('SIGTERM', end);
// The terminal and service managers signal the whole group: what to do about it is the supervisor's decision.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {});
process.on('unhandledRejection', (reason) => say('error', `nobody caught the rejection of a promise: ${messageOf(reason)}`));
for (const what of refused) say('debug', what);
