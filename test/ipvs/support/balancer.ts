/** Mainstay's load balancing in this process, which is the director, with all that happens noted. Used by the tests of traffic. */
import type { Ipvs, IpvsEdit, KnownIpvsService, ObjectStatus } from '@mainstay/sdk';
import { until } from '../../support/command.js';
import { type InProcess, startInProcess } from './in-process.js';

const plugins = ['ipvs', 'checker-tcp', 'checker-http', 'checker-dns', 'notify-script'];

/** Something that happened, and when, in milliseconds since the epoch. */
export interface Happening {
  readonly at: number;
  /** An event, `10.2.0.11 80 down` or `quorum lost`; what the kernel has carried out, `deleteDestination 10.2.0.11`. */
  readonly what: string;
}

export class Balancer {
  private constructor(
    private readonly own: InProcess,
    private readonly happenings: readonly Happening[],
  ) {}

  static async start(config: string): Promise<Balancer> {
    const happenings: Happening[] = [];
    const note = (what: string) => void happenings.push({ at: Date.now(), what });
    const own = await startInProcess(config, {
      plugins,
      around: (kernel) => noting(kernel, (edit) => note(textOf(edit))),
      ready: ({ bus }) =>
        bus.onObserve((name, _key, payload) => {
          const { realServer, to } = payload as { readonly realServer?: string; readonly to?: string };
          if (name === 'ipvs.serverChanged') note(`${realServer} ${to}`);
          if (name === 'ipvs.quorum') note(`quorum ${to}`);
        }),
    });
    return new Balancer(own, happenings);
  }

  /** The kernel's table. */
  table(): Promise<readonly KnownIpvsService[]> {
    return this.own.ipvs.read();
  }

  /** What `mainstay status` shows. */
  status(): Promise<readonly ObjectStatus[]> {
    return this.own.host.objects();
  }

  /** The first such happening since that moment. `ms`: a bound for what hangs, not for what is measured. */
  happened(what: string, since: number, ms = 60_000): Promise<Happening> {
    const look = () => this.happenings.find((one) => one.at >= since && one.what === what);
    return until(what, ms, look).catch((error: Error) => {
      throw new Error(`${error.message}; what happened: ${this.told(since)}\n${this.complaints().join('\n')}`);
    });
  }

  /** Everything since that moment, in order. */
  told(since = 0): readonly string[] {
    return this.happenings.filter(({ at }) => at >= since).map(({ what }) => what);
  }

  complaints(): readonly string[] {
    return this.own.log.filter(({ level }) => level === 'error' || level === 'warn').map(({ message }) => message);
  }

  stop(): Promise<void> {
    return this.own.stop();
  }
}

function textOf(edit: IpvsEdit): string {
  return 'destination' in edit ? `${edit.do} ${edit.destination.address}` : edit.do;
}

/** The port, with each edit told when the kernel has carried it out. */
function noting(port: Ipvs, done: (edit: IpvsEdit) => void): Ipvs {
  const apply: Ipvs['apply'] = async (edits) => {
    const results = await port.apply(edits);
    for (const [i, edit] of edits.entries()) if (results[i]?.outcome === 'done') done(edit);
    return results;
  };
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = key === 'apply' ? apply : Reflect.get(target, key);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
