/** The world of all checkers with all their keywords: what they find when servers fail, come back and say what weight they want. */
import { createHash } from 'node:crypto';
import { checkerDepartures } from './departures.js';
import { farmText } from './farm-client.js';
import { real, virtualServers } from './text.js';
import type { World } from './world.js';

const block = (keyword: string, ...lines: readonly string[]) =>
  `${keyword} {\n${lines.map((line) => `            ${line}\n`).join('')}        }`;
const url = (...lines: readonly string[]) => ['url {', ...lines.map((line) => `    ${line}`), '}'];
const patience = ['retry 1', 'delay_before_retry 0.5', 'warmup 0', 'alpha', 'log_all_failures on'];
const common = [...patience, 'delay_loop 2'];
const network = ['connect_ip 10.0.0.1', 'fwmark 5', 'bind_if eth-farm', ...common];
/** The lab may stand still. */
const patient = 'connect_timeout 20';
/** A datagram that a server had not read when it closed is never answered: that has to be found out before the table counts as at rest. */
const waiting = 'connect_timeout 8';
const digest = createHash('md5').update(farmText).digest('hex');
/** From an address that is not there. */
const noSource = ['bindto 10.9.9.9', 'retry 1', 'delay_before_retry 0.5', 'warmup 0', 'delay_loop 2'];
const web = (...lines: readonly string[]) => block('HTTP_GET', 'connect_port 8080', ...common, ...lines);
const script = (...lines: readonly string[]) =>
  block('MISC_CHECK', 'misc_path "SHARED/check one \'two words\'"', 'misc_timeout 300', ...patience, 'delay_loop 4', ...lines);
const dynamic = script('misc_dynamic', 'user root');
const file = (...lines: readonly string[]) => block('FILE_CHECK', 'track_file followed', ...lines);
const sorry = 'sorry_server 10.0.0.9 80';

/** The checkers of the one real server of each virtual server; more lines of it. */
const checks: Readonly<Record<string, readonly [checkers: string, lines?: string]>> = {
  tcp: [block('TCP_CHECK', ...network, patient, 'connect_port 80')],
  http: [
    block(
      'HTTP_GET',
      ...network,
      patient,
      'connect_port 8080',
      'http_protocol 1.1',
      'fast_recovery',
      ...url('path /', 'virtualhost a.test', 'status_code 200-299 304'),
    ),
  ],
  urls: [web(...url('path /'), ...url('path /second', 'status_code 200'))],
  digest: [web('http_protocol 1.0C', 'virtualhost b.test', ...url('path /x?y', `digest ${digest}`))],
  'digest-wrong': [web(...url('path /', `digest ${'0'.repeat(32)}`))],
  regex: [
    web(
      'nb_get_retry 1',
      ...url('path /', 'regex "ALL +is w"', 'regex_options caseless', 'regex_min_offset 0', 'regex_stack 1000 2000'),
    ),
  ],
  'regex-open-end': [web(...url('path /', 'regex "is w[a-z]+"'))],
  'regex-no-match': [web(...url('path /', 'regex well', 'regex_no_match'))],
  ssl: [block('SSL_GET', ...common, 'connect_port 443', 'virtualhost c.test', 'enable_sni', ...url('path /', 'status_code 200'))],
  smtp: [block('SMTP_CHECK', ...network, patient, 'connect_port 25', 'helo_name mail.example.test')],
  dns: [block('DNS_CHECK', ...network, waiting, 'connect_port 53', 'type A', 'name www.example.test')],
  udp: [
    block('UDP_CHECK', ...common, 'bindto OWN', 'bind_port 4321', 'connect_port 5353', 'payload 00 01 02', 'connect_timeout 2'),
  ],
  'udp-reply': [
    block(
      'UDP_CHECK',
      ...common,
      'connect_port 7',
      'payload 12 34',
      'require_reply 12 x4',
      'min_reply_length 2',
      'max_reply_length 2',
      waiting,
    ),
  ],
  ping: [block('PING_CHECK', ...common, 'connect_ip 10.0.0.7', patient)],
  misc: [script()],
  'misc-inhibit': [dynamic, 'inhibit_on_failure'],
  'misc-quorum': [dynamic, `quorum 28\n    hysteresis 2\n    ${sorry}`],
  file: [file()],
  'file-reverse': [file('weight 10 reverse')],
  'file-fault': [file('weight 0')],
  'file-quorum': [file('weight 1'), `quorum 33\n    ${sorry}\n    sorry_server_inhibit`],
  'script-and-file': [`${dynamic}\n        ${file('weight 3')}`],
  'two-checkers': [`${block('TCP_CHECK', 'connect_port 80')}\n        ${web(...url('path /'))}`],
  'alpha-and-down': [block('TCP_CHECK', 'connect_port 81', 'alpha')],
  omega: [block('TCP_CHECK', 'connect_port 80'), 'omega'],
  'omega-script': [dynamic, `omega\n    inhibit_on_failure\n    ${sorry}`],
  'regex-absent': [web(...url('path /', 'regex ill', 'regex_no_match'))],
  'source-absent': [block('TCP_CHECK', ...noSource, 'connect_port 81')],
  'source-absent-http': [block('HTTP_GET', ...noSource, 'connect_port 81', ...url('path /'))],
  bfd: [block('BFD_CHECK', 'name farm')],
  'bfd-alpha': [block('BFD_CHECK', 'name farm', 'alpha'), sorry],
};

/** Those that write down what happens: a script is dear in the lab. */
const noted = new Set(['http', 'misc-quorum', 'file-quorum', 'two-checkers', 'alpha-and-down', 'omega', 'omega-script']);

const config = `${virtualServers.global}
track_file followed {
    file SHARED/number
    weight 2
    init_file 0
}
bfd_instance farm {
    neighbor_ip FARM
    source_ip OWN
    min_tx 500
    min_rx 500
    multiplier 12
}
${Object.entries(checks)
  .map(([name, [checkers, lines = '']], i) => {
    const label = noted.has(name) ? name : '';
    const header = `192.0.2.${i + 1} 80`;
    return virtualServers.one({ label, header, lines: `weight 30\n    ${lines}`, blocks: [real(label, 1, '', checkers)] });
  })
  .join('')}`;

/** With other values of most keywords. The page is the same everywhere, and so are answers of the servers. */
const others: readonly (readonly [RegExp, string])[] = [
  [/\bweight 30\b/g, 'weight 40'],
  [/\bretry 1\b/g, 'retry 2'],
  [/\bconnect_timeout 20\b/g, 'connect_timeout 19'],
  [/\bconnect_timeout 8\b/g, 'connect_timeout 7'],
  [/\bdelay_loop 2\b/g, 'delay_loop 3'],
  [/\bpath \/$/gm, 'path /else'],
  [/\bvirtualhost ([abc])\.test\b/g, 'virtualhost $1.else.test'],
  [/\bhelo_name mail\b/g, 'helo_name post'],
  [/\bmultiplier 12\b/g, 'multiplier 11'],
  [/\btype A\b/g, 'type AAAA'],
  [/\bpayload 00\b/g, 'payload 34'],
  [/\bmisc_timeout 300\b/g, 'misc_timeout 299'],
  [/\bbind_port 4321\b/g, 'bind_port 4322'],
  [/^ {4}weight 2$/gm, '    weight 3'],
  [/\bweight 10 reverse\b/g, 'weight 9 reverse'],
];
const second = others.reduce((text, [keyword, value]) => text.replace(keyword, value), config);

const servers = [
  'tcp 10.0.0.1:80',
  'http 10.0.0.1:8080',
  'https 10.0.0.1:443',
  'smtp 10.0.0.1:25',
  'dns 10.0.0.1:53',
  'udp 10.0.0.1:5353',
  'echo 10.0.0.1:7',
  'bfd 0.0.0.0:3784',
];
const each = (verb: 'open' | 'close') => servers.map((server) => `${verb} ${server}`);

export const checkers: World = {
  name: 'checkers',
  configs: { first: config, second },
  servers,
  files: {
    number: '0',
    code: '0',
    check: '#!/bin/sh\n[ "$1 $2" = "one two words" ] || exit 1\nread code <SHARED/code\nexit $code',
  },
  steps: [
    { what: 'start', moments: ['start'], deeds: ['start first'] },
    {
      what: 'all fail',
      moments: ['one fails', 'all fail'],
      deeds: [...each('close'), 'cut 10.0.0.7', 'write code 1', 'write number -100'],
    },
    { what: 'all come back', moments: ['recovery'], deeds: [...each('open'), 'mend 10.0.0.7', 'write code 5', 'write number 4'] },
    {
      what: 'pages are otherwise, the script and the file want the most',
      moments: [],
      deeds: ['status 10.0.0.1:8080 204', 'write code 255', 'write number 2000'],
    },
    {
      what: 'pages are errors, a server fails, the script and the file want nothing',
      moments: [],
      deeds: ['status 10.0.0.1:8080 500', 'close tcp 10.0.0.1:80', 'write code 0', 'write number 0'],
    },
    { what: 'all checks are others', moments: ['reload'], deeds: ['reload second'] },
    {
      what: 'all is well again',
      moments: ['recovery'],
      deeds: ['status 10.0.0.1:8080 200', 'open tcp 10.0.0.1:80', 'write code 5', 'write number 4'],
    },
    { what: 'all checks are as before', moments: ['reload'], deeds: ['reload first'] },
    { what: 'stop', moments: [], deeds: ['stop'] },
  ],
  departures: checkerDepartures,
};
