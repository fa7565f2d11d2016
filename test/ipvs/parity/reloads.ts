/** The world in which the configuration changes while one server is down: each virtual server is changed in another way. */
import { real, virtualServers } from './text.js';
import type { World } from './world.js';

/** Servers by number; undefined: it is written as usual. */
type Servers = Readonly<Record<number, string>>;

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
  'more-checks': [{ blocks: [noCheck('more-checks', 1), noCheck('more-checks', 2)] }, {}],
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

const groups = {
  first: 'virtual_server_group WEB {\n    192.0.2.201 80\n    192.0.2.202 80\n    fwmark 3\n}\n',
  second: 'virtual_server_group WEB {\n    192.0.2.202 80\n    192.0.2.203-204 80\n    fwmark 4\n}\n',
};

function configOf(which: 0 | 1): string {
  const parts = Object.entries(changed).flatMap(([label, forms], i) => {
    const form = forms[which];
    if (form === undefined) return [];
    const blocks = form.blocks ?? Object.entries(form.servers ?? two).map(([n, more]) => real(label, Number(n), more));
    return [virtualServers.one({ label, header: `192.0.2.${i + 1} 80`, lines: form.lines ?? '', blocks })];
  });
  const group = [1, 2].map((n) => real('group', n, which === 1 && n === 1 ? 'weight 3' : ''));
  parts.push(virtualServers.one({ label: 'group', header: 'group WEB', lines: sorry, blocks: group }));
  return `${virtualServers.global}${which === 0 ? groups.first : groups.second}${parts.join('')}`;
}

export const reloads: World = {
  name: 'reloads',
  configs: { first: configOf(0), second: configOf(1) },
  servers: [1, 3, 4].map((n) => `tcp 10.0.0.${n}:80`),
  files: {},
  steps: [
    { what: 'start, and 10.0.0.2 is down', deeds: ['start first'] },
    { what: 'another configuration while 10.0.0.2 is down', deeds: ['reload second'] },
    { what: '10.0.0.2 comes up', deeds: ['open tcp 10.0.0.2:80'] },
    { what: '10.0.0.2 fails', deeds: ['close tcp 10.0.0.2:80'] },
    { what: 'the first configuration again', deeds: ['reload first'] },
    { what: '10.0.0.2 comes up again', deeds: ['open tcp 10.0.0.2:80'] },
    { what: 'the other configuration while all are up', deeds: ['reload second'] },
    { what: 'stop', deeds: ['stop'] },
  ],
  departures: {},
};
