/**
 * The checks of one plugin host: its loop, where a plugin of it has checkers; the clients of its plugins that want checks; and the
 * way between them, direct within the host, by messages to and from other lanes. Made by the host.
 */
import type { CheckState, Checks, Clock, HookCalls } from '@mainstay/sdk';
import type { LogLevel } from '../log/record.js';
import { CheckClient } from './client.js';
import type { CheckingLane } from './lane-orders.js';
import { CheckLoop } from './loop.js';
import type { CheckersMessage, CheckNews, HeldMessage } from './orders.js';
import type { SendStates } from './outbox.js';
import { unpackOrder } from './packed-order.js';
import type { RunnableChecker } from './probe.js';
import { type CheckChannel, ReportRequests, remoteLane } from './remote-lane.js';
import type { Routines } from './routines.js';

export interface HostChecksOptions {
  readonly lane: string;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly hooks: HookCalls;
  readonly log: (level: LogLevel, plugin: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly routines?: Routines | undefined;
}

export class HostChecks {
  readonly #options: HostChecksOptions;
  readonly #clients = new Map<string, CheckClient>();
  /** Lanes that check, this one among them. */
  readonly #lanes = new Map<string, CheckingLane>();
  readonly #requests: ReportRequests;
  /** Lanes to which nothing is to be sent for now, each with the plugins that live there. */
  readonly #held = new Map<string, readonly string[]>();
  #loop: CheckLoop | undefined;
  #channel: CheckChannel | undefined;

  constructor(options: HostChecksOptions) {
    this.#options = options;
    this.#requests = new ReportRequests(options.clock);
  }

  /** Connects the host with the other lanes of the daemon. */
  connect(channel: CheckChannel): void {
    this.#channel = channel;
  }

  /** A plugin of this host has such a checker. */
  define(keyword: string): void {
    const checkers = new Set([...(this.#lanes.get(this.#options.lane)?.checkers ?? []), keyword]);
    const loop = this.#theLoop();
    this.#serve(this.#options.lane, {
      checkers,
      apply: (client, order) => loop.apply(client, order),
      report: async (client, ids) => loop.report(client, ids),
      isBusy: () => false,
    });
  }

  /** Its plugin runs. */
  begin(keyword: string, checker: RunnableChecker): void {
    this.#theLoop().serve(keyword, checker);
  }

  end(keyword: string): void {
    this.#loop?.withdraw(keyword);
  }

  /** The port of a plugin, for one life of it. */
  portFor(plugin: string, life: AbortSignal): Checks {
    return this.#clientOf(plugin).portFor(life);
  }

  /** A message of another lane, or about one. */
  receive(message: CheckNews): void {
    switch (message.kind) {
      case 'checkers':
        this.#heardOf(message);
        break;
      case 'checksHeld':
        this.#hold(message);
        break;
      case 'checks':
        this.#loop?.apply(message.plugin, unpackOrder(message.order));
        break;
      case 'checked':
        this.#clients.get(message.plugin)?.hear(message.from ?? '', message.states);
        break;
      case 'checksAsked': {
        const { plugin, id, checks } = message;
        this.#channel?.send({ kind: 'checksTold', plugin, id, reports: this.#loop?.report(plugin, checks) ?? [] });
        break;
      }
      case 'checksTold':
        this.#requests.answer(message.id, message.reports);
        break;
      default:
        message satisfies never;
    }
  }

  /** Other events are wanted of this lane than before. */
  interestChanged(): void {
    this.#loop?.interestChanged();
  }

  /** What the process tells of itself. */
  facts(): Readonly<Record<string, unknown>> {
    const wanted = [...this.#clients].map(([plugin, client]) => [`checks of ${plugin}`, client.facts()] as const);
    return { ...Object.fromEntries(wanted), ...(this.#loop !== undefined && { checking: checkingFacts(this.#loop) }) };
  }

  close(): void {
    this.#loop?.close();
  }

  #theLoop(): CheckLoop {
    const { clock, random, hooks, log, routines } = this.#options;
    const send: SendStates = (client, states) => this.#tell(client, states);
    this.#loop ??= new CheckLoop({ clock, ...(random !== undefined && { random }), hooks, log, send, routines });
    return this.#loop;
  }

  #tell(client: string, states: readonly CheckState[]): boolean {
    const own = this.#clients.get(client);
    if (own !== undefined) {
      own.hear(this.#options.lane, states);
      return true;
    }
    if (this.#channel?.isBusy() === true || [...this.#held.values()].some((plugins) => plugins.includes(client))) return false;
    this.#channel?.send({ kind: 'checked', plugin: client, states });
    return true;
  }

  #heardOf({ lane, checkers }: CheckersMessage): void {
    const channel = this.#channel;
    if (lane === this.#options.lane || channel === undefined) return;
    const isBusy = () => channel.isBusy() || this.#held.has(lane);
    const way: CheckChannel = { send: (message) => channel.send(message), isBusy };
    if (checkers.length > 0) this.#serve(lane, remoteLane(lane, new Set(checkers), way, this.#requests));
    else {
      this.#lanes.delete(lane);
      for (const client of this.#clients.values()) client.lose(lane);
    }
  }

  #hold({ lane, plugins, isHeld }: HeldMessage): void {
    if (isHeld) this.#held.set(lane, plugins);
    else this.#held.delete(lane);
  }

  #serve(name: string, lane: CheckingLane): void {
    this.#lanes.set(name, lane);
    for (const client of this.#clients.values()) client.serve(name, lane);
  }

  #clientOf(plugin: string): CheckClient {
    const known = this.#clients.get(plugin);
    if (known !== undefined) return known;
    const { clock, log } = this.#options;
    const client = new CheckClient({ plugin, clock, log });
    this.#clients.set(plugin, client);
    for (const [name, lane] of this.#lanes) client.serve(name, lane);
    return client;
  }
}

function checkingFacts(loop: CheckLoop): Readonly<Record<string, unknown>> {
  const { strays, ...counts } = loop.counts();
  const warnings: string[] = [];
  if (counts.unserved > 0) {
    warnings.push(`${counts.unserved} probes are not made: the plugin of their checker does not run (\`mainstay plugins\`)`);
  }
  if (strays.size > 0) {
    const list = [...strays].map(([plugin, count]) => `${count} of ${plugin}`).join(', ');
    warnings.push(`probes go on although their time is over, and hold what they hold: ${list}`);
  }
  return { ...counts, ...(warnings.length > 0 && { warning: warnings.join('; ') }) };
}
