/** The port `ipvs` on Linux: the table of virtual services by generic netlink. Opened by open-ports.ts; asks the kernel nothing before it is used. */
import {
  type Ipvs,
  type IpvsEdit,
  type IpvsResult,
  type IpvsServiceId,
  type IpvsSyncDaemon,
  type IpvsTimeouts,
  type KnownIpvsService,
  PortError,
} from '@mainstay/sdk';
import { portError } from '../linux/refusal.js';
import { Attributes } from './attributes.js';
import { Breath } from './breath.js';
import { readDaemon, readTimeouts, writeDaemon, writeDaemonRole, writeTimeouts } from './daemon-format.js';
import { type Change, carryOut, changeOf } from './edits.js';
import { KernelFamily, type LoadModule } from './family.js';
import { GenericSocket, type OpenSocket, orRefused } from './generic-socket.js';
import { loadModule } from './kernel-module.js';
import { command, family, top } from './numbers.js';
import { editOutcome, failure, plainOutcome, type Reasons } from './outcomes.js';
import { writeServiceId } from './service-format.js';
import { nestsOf, privilegeHint, readOrFail, TableReader } from './table.js';

export interface LinuxIpvsOptions {
  /** Troubles of the socket that no call can report. */
  onError?(error: Error): void;
  /** Tries once to load the kernel's module. Default: modprobe. */
  readonly load?: LoadModule;
  readonly open?: OpenSocket;
}

export class LinuxIpvs implements Ipvs {
  readonly #socket: GenericSocket;
  readonly #family: KernelFamily;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ onError = () => {}, load = () => loadModule(), open }: LinuxIpvsOptions = {}) {
    this.#socket = new GenericSocket(onError, open);
    this.#family = new KernelFamily(this.#socket, load);
  }

  read(): Promise<readonly KnownIpvsService[]> {
    return this.#inTurn((breath) => this.#asked(breath, (id) => new TableReader(this.#socket, id, breath).services()));
  }

  apply(edits: readonly IpvsEdit[]): Promise<readonly IpvsResult[]> {
    const wanted = [...edits];
    return this.#inTurn(async (breath) => {
      if (wanted.length === 0) return [];
      const answers = await this.#carryOut(wanted.map(changeOf), breath);
      return wanted.map((edit, i) => {
        const answer = answers[i] as (typeof answers)[number];
        return 'outcome' in answer ? answer : editOutcome(edit, answer);
      });
    });
  }

  flush(): Promise<IpvsResult> {
    return this.#change({ command: command.flush });
  }

  zero(service?: IpvsServiceId): Promise<IpvsResult> {
    return this.#change({ command: command.zero, ...(service && { write: (out) => writeServiceId(out, service) }) }, [], {
      ESRCH: 'this virtual service is not in the table of the kernel',
    });
  }

  timeouts(): Promise<IpvsTimeouts> {
    return this.#inTurn((breath) =>
      this.#asked(breath, async (type) => {
        const question = { type, command: command.getConfig, version: family.version, isDump: false };
        const [message] = orRefused('the timeouts cannot be read', await this.#socket.ask(question, breath), privilegeHint);
        if (message === undefined) throw new PortError('the kernel tells no timeouts', 'EBADMSG');
        return readOrFail('the timeouts', () => readTimeouts(new Attributes(message.data, 4)));
      }),
    );
  }

  setTimeouts(timeouts: Partial<IpvsTimeouts>): Promise<IpvsResult> {
    return this.#change({ command: command.setConfig, write: (out) => writeTimeouts(out, timeouts) }, [], {
      EINVAL: 'one of the timeouts is longer than the kernel can count: 2147483 seconds at most with 1000 ticks a second',
    });
  }

  syncDaemons(): Promise<readonly IpvsSyncDaemon[]> {
    return this.#inTurn((breath) =>
      this.#asked(breath, async (id) => {
        const messages = await new TableReader(this.#socket, id, breath).dump(command.getDaemon);
        return [...nestsOf(messages, top.daemon)].flatMap((nest) => readOrFail('a sync daemon', () => readDaemon(nest)) ?? []);
      }),
    );
  }

  startSyncDaemon(daemon: IpvsSyncDaemon): Promise<IpvsResult> {
    return this.#change({ command: command.newDaemon, write: (out) => writeDaemon(out, daemon) }, ['EEXIST'], {
      EINVAL: 'the kernel starts no sync daemon while the table has destinations of another address family than their service',
    });
  }

  stopSyncDaemon(role: IpvsSyncDaemon['role']): Promise<IpvsResult> {
    return this.#change({ command: command.delDaemon, write: (out) => writeDaemonRole(out, role) }, ['ESRCH']);
  }

  close(): void {
    this.#socket.close();
  }

  /** Once more where the family has got another number meanwhile. */
  async #asked<Value>(breath: Breath, question: (id: number) => Promise<Value>): Promise<Value> {
    try {
      return await question(await this.#family.id(breath));
    } catch (error) {
      const isUnheard = error instanceof PortError && error.errno === 'ENOENT' && (await this.#family.hasMoved(breath));
      if (!isUnheard) throw error;
      return question(await this.#family.id(breath));
    }
  }

  #change(change: Change, harmless: readonly string[] = [], reasons: Reasons = {}): Promise<IpvsResult> {
    return this.#inTurn(async (breath) => {
      const [answer] = await this.#carryOut([change], breath);
      if (answer === undefined) return failure('ENOBUFS');
      return 'outcome' in answer ? answer : plainOutcome(answer, harmless, reasons);
    });
  }

  /** A kernel that cannot be spoken to at all fails each change: nothing is thrown at who wanted many. */
  async #carryOut(changes: readonly Change[], breath: Breath) {
    try {
      return await carryOut(changes, { socket: this.#socket, family: this.#family, breath });
    } catch (error) {
      const reason = portError('the table of virtual services cannot be reached', error);
      const code = reason instanceof PortError ? (reason.errno ?? 'EIO') : 'EIO';
      return changes.map(() => failure(code, reason.message));
    }
  }

  /** One call after the other: what was asked for first is done first, and a table is read between changes. */
  #inTurn<Value>(work: (breath: Breath) => Promise<Value>): Promise<Value> {
    const result = this.#last.then(() => work(new Breath()));
    this.#last = result.catch(() => {});
    return result.catch((error: unknown) => {
      throw portError('the table of virtual services cannot be reached', error);
    });
  }
}
