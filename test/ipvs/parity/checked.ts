/**
 * Configurations of test/fixtures/ipvs as they are played: with a check in every real server, and written otherwise. The port of a check
 * says when the server fails: all of one kind do so at once. Used by corpus.ts.
 */

/**
 * In every virtual server: `late` those that are `# down:` in the fixture, `first` the first of the others, `others` the rest. `unseen` fail
 * while nobody checks them.
 */
export const fates = { first: 8001, others: 8002, late: 8003, unseen: 8004 } as const;

const virtualServer = /^virtual_server [\s\S]*?^\}\n/gm;
const realServer = /^( {4}real_server (\S+)(?: (\d+))? \{\n)([\s\S]*?)(^ {4}\}\n)/gm;
const tcpCheck = /^ {8}TCP_CHECK \{\n(?: {12}connect_port (\d+)\n)? {8}\}\n/gm;

/** Checks are patient where the lab is slow; what they find out counts after one more attempt. */
const pace: Readonly<Record<string, string>> = { delay_loop: '3', retry: '1', delay_before_retry: '0.5', connect_timeout: '20' };

/** With a TCP_CHECK where a real server has none, and the ports of all of them by their fate. */
export function checked(text: string): string {
  const down = new Set([...text.matchAll(/^# down: (.*)$/gm)].flatMap(([, list = '']) => list.split(' ')));
  return text.replace(virtualServer, (whole) => {
    let isFirst = true;
    const withChecks = whole.replace(realServer, (_, head: string, address: string, port = '', lines: string, end: string) => {
      const fate = (checkPort: string) => {
        if (down.has(address) || down.has(`${address}:${checkPort}`)) return fates.late;
        return isFirst ? fates.first : fates.others;
      };
      const check = (checkPort: string) => `        TCP_CHECK {\n            connect_port ${fate(checkPort)}\n        }\n`;
      const own = lines.replace(tcpCheck, (_, written = port) => check(written));
      const block = head + (own.includes('TCP_CHECK') ? own : own + check(port)) + end;
      if (block.includes(`connect_port ${fates.first}`)) isFirst = false;
      return block;
    });
    const missing = Object.entries(pace).filter(([keyword]) => !new RegExp(`^ {4}${keyword}\\b`, 'm').test(whole));
    return withChecks.replace('\n', `\n${missing.map(([keyword, value]) => `    ${keyword} ${value}\n`).join('')}`);
  });
}

/** Each virtual server with another scheduler, another weight of its first real server, and one real server more. */
export function otherwise(text: string): string {
  return text.replace(virtualServer, (whole) => {
    const blocks = [...whole.matchAll(realServer)].map(([block]) => block);
    const [first = '', last = ''] = [blocks[0], blocks.at(-1)];
    if (first === '') return whole;
    const heavier = first.replace(/^ {8}weight .*\n/m, '').replace('\n', '\n        weight 7\n');
    const added = last.replace(
      /(real_server [0-9a-f.:]*[.:])(\d+)/,
      (_, start: string, n: string) => `${start}${Number(n) + 20}`,
    );
    const scheduled = /^ {4}(lb_algo|lvs_sched) /m.test(whole)
      ? whole.replace(/^( {4}(?:lb_algo|lvs_sched)) .*$/m, '$1 sed')
      : whole.replace('\n', '\n    lb_algo sed\n');
    return scheduled.replace(/^\}\n$/m, `${added}}\n`).replace(first, heavier);
  });
}
