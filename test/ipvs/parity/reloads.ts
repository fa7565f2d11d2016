/** The world in which the configuration changes while one server is down: each virtual server is changed in another way. */
import { reloadDepartures } from './departures.js';
import { real, virtualServers } from './text.js';
import type { World } from './world.js';

/** Servers by number; undefined: it is written as usual. */
type Servers = Readonly<Record<number, string>>;

/** How a virtual server is written, besides its protocol and the like. */
interface Form {
  readonly lines?: string;
  readonly servers?: Servers;
  /** Instead of the servers. */
  readonly blocks?: readonly string[];
}

/** From one form to another; undefined: it is not there. */
type Change = readonly [Form | undefined, Form | undefined];

const two: Servers = { 1: '', 2: '' };
const sorry = 'sorry_server 10.0.0.9 80';
const noCheck = (label: string, n: number) => real(label, n, '', '');

const changed: Readonly<Record<string, Change>> = {
  same: [{}, {}],
  weight: [{}, { servers: { 1: 'weight 5', 2: 'weight 4' } }],
  'weight-of-all': [{ lines: 'weight 2' }, { lines: 'weight 3\n    inhibit_on_failure' }],
  'weight-inhibit': [
    { lines: 'inhibit_on_failure' },
    { lines: 'inhibit_on_failure', servers: { 1: 'weight 0', 2: 'weight 4', 3: '' } },
  ],
  added: [{}, { servers: { 1: '', 2: '', 3: '', 5: '' } }],
  removed: [{ servers: { 1: '', 2: '', 3: '' } }, { servers: { 3: '' } }],
  replaced: [{}, { servers: { 3: '', 4: '' } }],
  gone: [{}, undefined],
  'gone-sorry': [{ servers: { 2: '' }, lines: sorry }, undefined],
  come: [undefined, {}],
  'come-alpha': [undefined, { lines: `alpha\n    ${sorry}` }],
  scheduler: [{}, { lines: 'lb_algo sh\n    sh-port' }],
  persistence: [{}, { lines: 'persistence_timeout 100\n    persistence_granularity 255.255.255.0' }],
  'persistence-ends': [{ lines: 'persistence_timeout 100' }, {}],
  method: [{}, { lines: 'lvs_method DR' }],
  'method-of-one': [{}, { servers: { 1: 'lvs_method TUN type gue port 6080', 2: 'lvs_method TUN' } }],
  thresholds: [{}, { servers: { 1: 'uthreshold 100\n        lthreshold 50', 2: 'uthreshold 100' } }],
  'sorry-comes': [{}, { lines: sorry }],
  'sorry-comes-down': [{ servers: { 2: '' } }, { servers: { 2: '' }, lines: sorry }],
  'sorry-goes': [{ lines: sorry }, {}],
  'sorry-goes-down': [{ servers: { 2: '' }, lines: sorry }, { servers: { 2: '' } }],
  'sorry-changes': [
    { servers: { 2: '' }, lines: sorry },
    { servers: { 2: '' }, lines: 'sorry_server 10.0.0.8 80\n    sorry_server_inhibit' },
  ],
  'sorry-inhibit': [{ lines: sorry }, { lines: `${sorry}\n    sorry_server_inhibit` }],
  'quorum-raised': [{ lines: sorry }, { lines: `${sorry}\n    quorum 2` }],
  'quorum-lowered': [{ lines: `${sorry}\n    quorum 2` }, { lines: sorry }],
  'quorum-without-sorry': [{}, { lines: 'quorum 2' }],
  'inhibit-begins': [{}, { lines: 'inhibit_on_failure' }],
  'inhibit-ends': [{ lines: 'inhibit_on_failure' }, {}],
  'alpha-begins': [{}, { lines: 'alpha' }],
  'more-checks': [{ blocks: [noCheck('', 1), noCheck('', 2)] }, {}],
  'fewer-checks': [{}, { blocks: [noCheck('fewer-checks', 1), noCheck('fewer-checks', 2)] }],
  'other-checks': [
    {},
    {
      blocks: [1, 2].map((n) =>
        real('other-checks', n, '', 'MISC_CHECK {\n            misc_path "/bin/true"\n            misc_timeout 30\n        }'),
      ),
    },
  ],
};

/** Addresses and a mark go, stay and come; in the second, one server is down and there is no other. */
const groupsOf = (which: 0 | 1) =>
  [
    which === 0
      ? ['GROUP', '192.0.2.201 80', '192.0.2.202 80', 'fwmark 3']
      : ['GROUP', '192.0.2.202 80', '192.0.2.203-204 80', 'fwmark 4'],
    which === 0 ? ['SORRY', '192.0.2.211 80', 'fwmark 5'] : ['SORRY', '192.0.2.211 80', '192.0.2.212 80', 'fwmark 6'],
  ].map(([name, ...lines]) => `virtual_server_group ${name} {\n${lines.map((line) => `    ${line}\n`).join('')}}\n`);

/** Those that write down what happens: a script is dear in the lab. */
const noted = new Set([
  ...['added', 'removed', 'replaced', 'gone', 'come', 'come-alpha', 'sorry-changes', 'quorum-raised', 'quorum-lowered'],
  ...['fewer-checks', 'other-checks', 'group'],
]);
const labelOf = (name: string) => (noted.has(name) ? name : '');

function configOf(which: 0 | 1): string {
  const parts = Object.entries(changed).flatMap(([name, forms], i) => {
    const label = labelOf(name);
    const form = forms[which];
    if (form === undefined) return [];
    const blocks = form.blocks ?? Object.entries(form.servers ?? two).map(([n, more]) => real(label, Number(n), more));
    return [virtualServers.one({ label, header: `192.0.2.${i + 1} 80`, lines: form.lines ?? '', blocks })];
  });
  const group = [1, 2].map((n) => real('group', n, which === 1 && n === 1 ? 'weight 3' : ''));
  parts.push(
    virtualServers.one({ label: 'group', header: 'group GROUP', lines: sorry, blocks: group }),
    virtualServers.one({ label: '', header: 'group SORRY', lines: sorry, blocks: [real('', 2)] }),
    virtualServers.one({
      label: '',
      header: 'fwmark 9',
      lines: which === 0 ? '' : 'lb_algo rr',
      blocks: [1, 2].map((n) => real('', n, `weight ${which + 1}`)),
    }),
  );
  return [virtualServers.global, ...groupsOf(which), ...parts].join('');
}

export const reloads: World = {
  name: 'reloads',
  configs: { first: configOf(0), second: configOf(1) },
  servers: [1, 3, 4].map((n) => `tcp 10.0.0.${n}:80`),
  files: {},
  steps: [
    { what: 'start, and 10.0.0.2 is down', moments: ['start'], deeds: ['start first'] },
    { what: 'another configuration while 10.0.0.2 is down', moments: ['reload'], deeds: ['reload second'] },
    { what: '10.0.0.2 comes up', moments: ['recovery'], deeds: ['open tcp 10.0.0.2:80'] },
    { what: 'the first configuration while all are up', moments: ['reload'], deeds: ['reload first'] },
    { what: '10.0.0.2 fails', moments: ['one fails'], deeds: ['close tcp 10.0.0.2:80'] },
    { what: 'stop', moments: [], deeds: ['stop'] },
  ],
  departures: reloadDepartures,
};
