/** All sessions: makes, configures and ends them, and tells them what changes around them. Used by index.ts. */
import type { Run } from '@mainstay/sdk';
import { EchoWires } from './echo-wire.js';
import { goesOn, Session, type Surroundings } from './session.js';
import type { SessionConfig } from './session-config.js';
import { type StrayCounters, Wires } from './wire.js';

export interface ManagerOptions {
  /** A number in these bounds, drawn anew each time, unpredictable for others. */
  readonly draw: (least: number, most: number) => number;
}

/** A broken socket is not complained about more often. */
const complaintMs = 60_000;

export class Manager {
  private readonly sessions = new Map<string, Session>();
  private readonly around: Surroundings;
  private readonly unwatch: (() => void)[] = [];
  private complainedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly run: Run,
    options: ManagerOptions,
  ) {
    const wires = new Wires(run.ports.pacemaker, options.draw, (message) => this.complain(message));
    const echoWires = new EchoWires(run.ports.pacemaker, options.draw, (message) => this.complain(message));
    this.around = { run, wires, echoWires, draw: options.draw };
  }

  get all(): readonly Session[] {
    return [...this.sessions.values()];
  }

  get strays(): StrayCounters {
    return this.around.wires.strays;
  }

  /** `isReturning`: there were sessions before, in an earlier process or in this one, which others may believe to be Up. */
  start(configs: readonly SessionConfig[], isReturning: boolean): void {
    const { links, addresses } = this.run.ports;
    this.unwatch.push(
      links.watch(({ link }) => this.refresh(({ config, fault }) => config.link === link.name || fault !== undefined)),
      addresses.watch(({ address }) =>
        this.refresh(({ config, fault }) => fault !== undefined && config.source === address.address),
      ),
    );
    for (const config of configs) this.make(config, isReturning);
  }

  /** Unchanged sessions notice nothing; changed ones keep their state where they are the same on the wire. */
  async reconfigure(configs: readonly SessionConfig[]): Promise<void> {
    const wanted = new Map(configs.map((config) => [config.name, config]));
    const gone = this.all.filter((session) => !goesOn(session, wanted.get(session.config.name)));
    await Promise.all(gone.map((session) => session.stop()));
    for (const { config } of gone) {
      this.sessions.delete(config.name);
      if (!wanted.has(config.name)) this.run.hooks.forget('bfd.decided', config.name);
    }
    const replaced = new Set(gone.map(({ config }) => config.name));
    for (const config of configs) {
      const session = this.sessions.get(config.name);
      if (session === undefined) this.make(config, replaced.has(config.name));
      else if (!isSame(session.config, config)) session.update(config);
    }
  }

  async stop(): Promise<void> {
    for (const end of this.unwatch.splice(0)) end();
    await Promise.all(this.all.map((session) => session.stop()));
    this.sessions.clear();
  }

  private make(config: SessionConfig, isReturning: boolean): void {
    const session = new Session(config, this.around, this.newDiscriminator());
    this.sessions.set(config.name, session);
    session.start(isReturning);
  }

  /** RFC 5880 section 6.8.1: random, and nobody else's in this system. */
  private newDiscriminator(): number {
    const { all } = this;
    for (;;) {
      const drawn = this.around.draw(1, 0xffff_ffff);
      if (!all.some(({ discriminator }) => discriminator === drawn)) return drawn;
    }
  }

  private refresh(isConcerned: (session: Session) => boolean): void {
    for (const session of this.sessions.values()) if (isConcerned(session)) session.refresh();
  }

  private complain(message: string): void {
    const now = this.run.clock.now();
    if (now - this.complainedAt < complaintMs) return;
    this.complainedAt = now;
    this.run.log.warn(`packets may be lost: ${message}`);
  }
}

const texts = new WeakMap<SessionConfig, string>();

/** Keys are bytes: their numbers are compared. */
function textOf(config: SessionConfig): string {
  const text = texts.get(config) ?? JSON.stringify(config);
  texts.set(config, text);
  return text;
}

function isSame(a: SessionConfig, b: SessionConfig): boolean {
  return textOf(a) === textOf(b);
}
