/**
 * The world of the configurations of test/fixtures/ipvs, all in one: fifty keepaliveds would be dear in the lab. Real servers of each fail,
 * come back, and each configuration becomes another one; so does each of a few virtual servers more, which have scripts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/repository.js';
import { checked, fates, otherwise } from './checked.js';
import { corpusDepartures } from './departures.js';
import { Moved } from './moved.js';
import { real, virtualServers } from './text.js';
import type { World } from './world.js';

const folder = join(root, 'test/fixtures/ipvs');
/** Not given to both: the kernel of the lab lacks a scheduler; keepalived adds services without end (docs/decisions/0017). */
const beyond = new Set(['scheduler-twos', 'group-range-across']);

export const fixtures: readonly Moved[] = readdirSync(folder)
  .filter((file) => file.endsWith('.conf') && !beyond.has(file.slice(0, -5)))
  .sort()
  .map((file, i) => new Moved(file.slice(0, -5), i + 1));

const textOf = ({ name }: Moved): string => readFileSync(join(folder, `${name}.conf`), 'utf8');

/** Those of one service become one another in turn: keywords of each come, and go. */
const ring = fixtures.filter((one) => {
  const text = textOf(one);
  return /^virtual_server 192\.0\.2\.1 80 /m.test(text) && !/^virtual_server (?!192\.0\.2\.1 80 )/m.test(text);
});

function secondOf(one: Moved): string {
  const next = ring[(ring.indexOf(one) + 1) % ring.length];
  return ring.includes(one) && next !== undefined ? textOf(next) : otherwise(textOf(one));
}

const check = (port: number) => `TCP_CHECK {\n            connect_port ${port}\n        }`;
const server = (label: string, n: number, lines = '') => real(label, n, lines, check(n === 1 ? fates.first : fates.others));
const three = (label: string) => [1, 2, 3].map((n) => server(label, n));
const sorry = 'sorry_server 10.0.0.9 80';
let last = 0;
const virtual = (label: string, lines: string, blocks: readonly string[], header = `192.0.2.${++last} 80`) =>
  virtualServers.one({ label, header, lines, blocks });

const group = `virtual_server_group TWO {
    192.0.2.101 80
    192.0.2.102-103 443
    fwmark 7
}
`;
/** What the fixtures do not have: scripts, an address that comes and goes, three servers with a quorum between them. */
const more = [
  group,
  virtual('plain', '', three('plain')),
  virtual('sorry', sorry, three('sorry')),
  virtual('', 'sorry_server 10.0.0.9 8080\n    sorry_server_inhibit\n    inhibit_on_failure', three('')),
  virtual('quorum', 'quorum 2\n    lvs_method DR', three('quorum')),
  virtual('hysteresis', `quorum 3\n    hysteresis 1\n    ${sorry}\n    sorry_server_lvs_method TUN`, [
    server('hysteresis', 1, 'weight 2'),
    server('hysteresis', 2),
    server('hysteresis', 3),
  ]),
  virtual('alpha', `alpha\n    ${sorry}`, [server('alpha', 1)]),
  virtual('', 'omega\n    quorum 2\n    lb_algo rr', three('')),
  virtual('', 'sorry_server 10.0.0.3 80', three('')),
  virtual('', 'inhibit_on_failure', [server('', 1, 'inhibit_on_failure off'), server('', 2), server('', 3, 'weight 0')]),
  virtual('', sorry, three(''), 'group TWO'),
  virtual('', 'inhibit_on_failure', three(''), 'fwmark 9'),
  virtual('', 'ha_suspend', three(''), '192.0.2.99 80'),
  virtual('', 'ha_suspend', [real('', 1, '', check(fates.unseen))], '192.0.2.98 80'),
];
const moreOtherwise = more.map((text) => (/\bomega\b|\b192\.0\.2\.99\b/.test(text) ? otherwise(text) : text));

const configOf = (text: (one: Moved) => string, rest: readonly string[]): string =>
  [virtualServers.global, ...fixtures.map((one) => one.there(checked(text(one)))), ...rest].join('\n');

const serverOf = (fate: keyof typeof fates) => `tcp :::${fates[fate]}`;
const open = (fate: keyof typeof fates) => `open ${serverOf(fate)}`;
const close = (fate: keyof typeof fates) => `close ${serverOf(fate)}`;

export const corpus: World = {
  name: 'corpus',
  configs: { first: configOf(textOf, more), second: configOf(secondOf, moreOtherwise) },
  servers: [serverOf('first'), serverOf('others'), serverOf('unseen')],
  files: {},
  // In a step all servers that change do it in one direction: with a quorum and hysteresis it would matter which is first.
  steps: [
    { what: 'start', moments: ['start'], deeds: ['address 192.0.2.99', 'start first'] },
    {
      what: 'one server of each fails; an address comes',
      moments: ['one fails'],
      deeds: ['address 192.0.2.98', close('first')],
    },
    {
      what: 'all have failed; the address goes',
      moments: ['all fail'],
      deeds: ['no-address 192.0.2.98', close('others')],
    },
    {
      what: 'one of each comes back, and those that were down at the start',
      moments: ['recovery'],
      deeds: [close('unseen'), open('first'), open('late')],
    },
    {
      what: 'all come back; the address does, too',
      moments: ['recovery'],
      deeds: [open('others'), 'address 192.0.2.98'],
    },
    { what: 'each becomes another', moments: ['reload'], deeds: ['reload second'] },
    { what: 'each becomes what it was', moments: ['reload'], deeds: ['reload first'] },
    { what: 'stop', moments: [], deeds: ['stop'] },
  ],
  departures: corpusDepartures(fixtures),
};
