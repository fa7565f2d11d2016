/**
 * The part of the benchmark `tables` that runs in the guest of test/lab, where the kernel has IPVS: measures one program, watches the
 * table itself, and counts changes where they pass (nlmon). Prints the figures as JSON. Started by tables.ts: KIND SITE
 */
import { Background, run } from '../support/command.js';
import { Balancer } from './balancer.js';
import { type Site, virtualAddress } from './balancer-conf.js';
import { measureLoad, type TableWatch } from './load.js';
import { helper } from './native.js';
import { type Launch, RealServers } from './real-servers.js';

const tap = 'nlmon0';
const patienceMs = 240_000;
const launch: Launch = (command, args, options) => new Background(command, args, options);

async function main(kind: string, site: Site): Promise<void> {
  if (kind !== 'mainstay' && kind !== 'keepalived') throw new Error(`${kind} balances nothing`);
  await run('ip', ['link', 'add', tap, 'type', 'nlmon']);
  await run('ip', ['link', 'set', tap, 'up']);
  await RealServers.start(launch, site.protocol, site.port, site.virtualServers * site.realServers);
  const balancer = new Balancer({ kind, launch, hasIpvs: true });
  const figures = await measureLoad(balancer, watched(site), site, patienceMs);
  await balancer.kill();
  process.stdout.write(JSON.stringify(figures));
}

function watched({ virtualServers, realServers }: Site): TableWatch {
  const table = async (...args: readonly (string | number)[]) => Number(await run(helper('table'), args.map(String)));
  return {
    complete: () => table('holds', virtualServers, virtualServers * realServers),
    weighs: (weight) => table('weighs', virtualAddress(virtualServers - 1), 80, realServers, weight),
    async counting(work) {
      const edits = new Background(helper('edits'), [tap]);
      await edits.saw(/counting/, 10_000);
      await work();
      await edits.stop('SIGTERM', 10_000);
      const [changes, lost] = /^(\d+) (\d+)$/m.exec(edits.output)?.slice(1).map(Number) ?? [];
      if (changes === undefined || lost !== 0) throw new Error(`the changes could not be counted: ${edits.output}`);
      return changes;
    },
  };
}

const [, , kind = '', site = '{}'] = process.argv;
main(kind, JSON.parse(site) as Site).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`tables: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
