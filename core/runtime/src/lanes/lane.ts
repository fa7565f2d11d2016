/**
 * One lane from the inside: takes the supervisor's messages and drives the plugin host through its phases. No process, no
 * sockets: main.ts gives it the channel and the host, tests give it their own.
 */
import type { ActionResult, Diagnostic, Explanation, HookName, ObjectStatus } from '@mainstay/sdk';
import { MainstayError, messageOf, type SourceTree } from '@mainstay/sdk';
import type { CheckNews } from '../checks/orders.js';
import type { Interest } from '../hooks/interest.js';
import type { TapStatus } from '../hooks/record.js';
import type { ActionFacts } from '../host/actions.js';
import type { PluginStatus } from '../host/status.js';
import type { Failure, FromLane, LaneSetup, LeaseTerms, ReloadAnswer, ToLane } from './messages.js';

/** What a lane needs of a host; main.ts adapts core's Host to it. */
export interface LaneHost {
  /** load, bind, expand, freeze. Rejects where the plugins or the configuration do not allow it. */
  setUp(setup: LaneSetup): Promise<void>;
  start(): Promise<void>;
  reload(tree: SourceTree, generation: number): Promise<ReloadAnswer>;
  stop(why: 'shutdown' | 'restart'): Promise<void>;
  /** After a stop for good. True: nothing of its plugins is left in the kernel, neither of this process nor of an earlier one. */
  withdraw(): Promise<boolean>;
  /** Hooks that plugins of this lane observe. */
  interest(): Interest;
  setRemoteInterest(interest: Interest): void;
  /** Settles when the taps have ended or met their deadlines. */
  deliver(hook: HookName, key: string, payload: unknown, about?: 'reminder' | 'forgotten'): Promise<void>;
  receiveLease(hook: HookName, key: string, plugin: string, terms: LeaseTerms | undefined): void;
  /** Never rejects, and takes two seconds at most; `explain` likewise. */
  objects(): Promise<readonly ObjectStatus[]>;
  plugins(): readonly PluginStatus[];
  taps(): readonly TapStatus[];
  explain(name: string): Promise<readonly Explanation[]>;
  /** What the plugins can be asked to do, and having it done; the latter never rejects. */
  actions(): readonly ActionFacts[];
  act(verb: string, name: string): Promise<ActionResult>;
  /** Keywords of the checkers of its plugins. */
  checkers(): readonly string[];
  /** Something about checks from another lane. */
  hearOfChecks(message: CheckNews): void;
  /** What the process itself has to tell. */
  facts(): Readonly<Record<string, unknown>> | undefined;
  /** True when nothing in this lane would ever run. */
  isIdle(): boolean;
}

export interface LaneChannel {
  send(message: FromLane): void;
  /** Ends the process once everything sent has left. */
  exit(code: number): void;
}

export class Lane {
  readonly #host: LaneHost;
  readonly #channel: LaneChannel;
  /** Phases run one after another, whatever order their messages come in. */
  #phases: Promise<void> = Promise.resolve();
  #isStarted = false;
  #isStopping = false;

  constructor(host: LaneHost, channel: LaneChannel) {
    this.#host = host;
    this.#channel = channel;
  }

  /** One message of the supervisor. Never throws. */
  receive(message: ToLane): void {
    switch (message.kind) {
      case 'setup':
        this.#inTurn('setup', () => this.#setUp(message.setup));
        break;
      case 'start':
        this.#inTurn('start', () => this.#start());
        break;
      case 'reload':
        this.#inTurn('reload', () => this.#reload(message.id, message.tree, message.generation));
        break;
      case 'stop':
        this.stop(message.why, message.why === 'shutdown');
        break;
      case 'interest':
        this.#host.setRemoteInterest(message.interest);
        break;
      case 'event':
        this.#deliver(message);
        break;
      case 'lease':
        this.#host.receiveLease(message.hook, message.key, message.plugin, message.terms);
        break;
      case 'report':
        void this.#report(message.id);
        break;
      case 'explain':
        void this.#explain(message.id, message.name);
        break;
      case 'act':
        void this.#act(message);
        break;
      case 'checkers':
      case 'checksHeld':
      case 'checks':
      case 'checked':
      case 'checksAsked':
      case 'checksTold':
        this.#hearOfChecks(message);
        break;
      case 'ping':
        this.#channel.send({ kind: 'pong', id: message.id });
        break;
      default:
        message satisfies never;
    }
  }

  /**
   * A clean end: on the supervisor's word, on SIGTERM, and when the supervisor is gone. `clearsUp`: what the plugins did not begin in this
   * process is taken back, too. Only the supervisor knows that it is this daemon's, and for good.
   */
  stop(why: 'shutdown' | 'restart', clearsUp = false): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    // At once, not in turn: the host gives up a start or reload under way, and a lane that still loads has nothing to end.
    this.#host
      .stop(why)
      .then(() => clearsUp && this.#host.withdraw())
      .catch((error: unknown) => {
        this.#complain(`stopping: ${messageOf(error)}`);
        return false;
      })
      .then((isCleared) => {
        this.#channel.send({ kind: 'stopped', isCleared });
        this.#channel.exit(0);
      });
  }

  #inTurn(phase: 'setup' | 'start' | 'reload', work: () => Promise<void>): void {
    const unlessStopping = async () => {
      if (!this.#isStopping) await work();
    };
    this.#phases = this.#phases.then(unlessStopping).catch((error: unknown) => {
      // Given up because of the stop, which ends the process itself.
      if (this.#isStopping) return;
      this.#channel.send({ kind: 'failed', phase: phase === 'setup' ? 'setup' : 'start', failure: failureOf(error) });
      this.#channel.exit(1);
    });
  }

  async #setUp(setup: LaneSetup): Promise<void> {
    await this.#host.setUp(setup);
    if (this.#isStopping) return;
    const host = this.#host;
    const facts = { interest: host.interest(), isIdle: host.isIdle(), actions: host.actions(), checkers: host.checkers() };
    this.#channel.send({ kind: 'ready', ...facts });
  }

  async #start(): Promise<void> {
    await this.#host.start();
    if (this.#isStopping) return;
    this.#isStarted = true;
    this.#channel.send({ kind: 'started' });
  }

  async #reload(id: number, tree: SourceTree, generation: number): Promise<void> {
    let answer: ReloadAnswer;
    try {
      answer = await this.#host.reload(tree, generation);
    } catch (error) {
      const at = { file: tree.files[0] ?? '', line: 0, column: 0 };
      const diagnostic: Diagnostic = {
        severity: 'error',
        code: failureOf(error).code ?? 'RELOAD_FAILED',
        message: messageOf(error),
        at,
      };
      answer = { ok: false, diagnostics: [diagnostic] };
    }
    this.#channel.send({ kind: 'reloaded', id, answer });
  }

  #deliver({ seq, hook, key, payload, about }: Extract<ToLane, { kind: 'event' }>): void {
    const acknowledge = () => this.#channel.send({ kind: 'ack', seq });
    if (!this.#isStarted || this.#isStopping) {
      acknowledge();
      return;
    }
    this.#host.deliver(hook, key, payload, about).then(acknowledge, (error: unknown) => {
      this.#complain(`an event of ${hook} could not be delivered: ${messageOf(error)}`);
      acknowledge();
    });
  }

  async #report(id: number): Promise<void> {
    const host = this.#host;
    const objects = await host.objects();
    const facts = this.#facts();
    const report = { objects, plugins: host.plugins(), taps: host.taps(), ...(facts && { facts }) };
    this.#channel.send({ kind: 'reported', id, report });
  }

  async #explain(id: number, name: string): Promise<void> {
    this.#channel.send({ kind: 'explained', id, explanations: await this.#host.explain(name) });
  }

  #hearOfChecks(message: CheckNews): void {
    try {
      this.#host.hearOfChecks(message);
    } catch (error) {
      this.#complain(`a message about checks makes no sense here: ${messageOf(error)}`);
    }
  }

  /** What is wrong with the facts must not hide the rest of the report. */
  #facts(): Readonly<Record<string, unknown>> | undefined {
    try {
      return this.#host.facts();
    } catch (error) {
      this.#complain(`the facts of this lane cannot be told: ${messageOf(error)}`);
      return undefined;
    }
  }

  async #act({ id, verb, name }: Extract<ToLane, { kind: 'act' }>): Promise<void> {
    const isPossible = this.#isStarted && !this.#isStopping;
    const why = this.#isStopping ? 'is stopping' : 'has not started yet';
    const result = isPossible
      ? await this.#host.act(verb, name)
      : ({ ok: false, message: `"${verb} ${name}" is not possible: the lane ${why}` } as const);
    this.#channel.send({ kind: 'acted', id, result });
  }

  #complain(message: string): void {
    this.#channel.send({ kind: 'log', record: { level: 'error', plugin: 'mainstay', message, at: Date.now() } });
  }
}

/** What of an error crosses the process border. The stack only where it was nobody's intention. */
export function failureOf(error: unknown): Failure {
  if (error instanceof MainstayError) return { message: error.message, code: error.code };
  const stack = error instanceof Error ? error.stack : undefined;
  return { message: messageOf(error), ...(stack !== undefined && { stack }) };
}
