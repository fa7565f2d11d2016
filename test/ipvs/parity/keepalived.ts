/** The real keepalived, without VRRP, on a director: started, reloaded and stopped as an operator does. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/command.js';
import type { Director } from './director.js';

/** How long it may take for what it does at once where the machine is its own. */
const patienceMs = 180_000;

export class Keepalived {
  private constructor(
    readonly director: Director,
    private readonly folder: string,
    private readonly pid: number,
  ) {}

  /** `folder`: for its files, of its own. */
  static async start(director: Director, folder: string, config: string): Promise<Keepalived> {
    mkdirSync(folder, { recursive: true });
    const path = (name: string) => join(folder, name);
    writeFileSync(path('keepalived.conf'), config, { mode: 0o644 });
    const pids = `-p ${path('pid')} -c ${path('checkers.pid')} -r ${path('vrrp.pid')} -b ${path('bfd.pid')}`;
    // BFD has a process of its own, which "checkers only" leaves out.
    const only = config.includes('bfd_instance') ? '' : '-C ';
    const command = director.inside(`keepalived -n ${only}-l -G -D ${pids} -f ${path('keepalived.conf')}`);
    const pid = Number(await director.shell.run(`${command} >${path('log')} 2>&1 & echo $!`));
    return new Keepalived(director, folder, pid);
  }

  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  async reload(config: string): Promise<void> {
    writeFileSync(join(this.folder, 'keepalived.conf'), config);
    const reloads = () => this.log.split('Reload complete').length;
    const before = reloads();
    await this.director.shell.run(`kill -HUP ${this.pid}`);
    await until('keepalived has reloaded', patienceMs, () => reloads() > before);
  }

  /** Resolves when it has ended; one that does not mind signals yet ends by this one, with 143. */
  async stop(): Promise<void> {
    await this.director.shell.run(`kill -TERM ${this.pid}; wait ${this.pid} || [ $? = 143 ]`);
  }
}
