/** The world of all checkers with all their keywords: each server comes with its first success, fails, and comes back. */
import { createHash } from 'node:crypto';
import { farmText } from './farm-client.js';
import { real, virtualServers } from './text.js';
import type { World } from './world.js';

const block = (keyword: string, ...lines: readonly string[]) =>
  `${keyword} {\n${lines.map((line) => `            ${line}\n`).join('')}        }`;
const url = (...lines: readonly string[]) => ['url {', ...lines.map((line) => `    ${line}`), '}'];
const common = ['retry 1', 'delay_before_retry 0.5', 'delay_loop 1', 'warmup 0', 'alpha', 'log_all_failures on'];
const network = ['connect_ip 10.0.0.1', 'connect_timeout 20', 'fwmark 5', 'bind_if eth-farm', ...common];
const digest = createHash('md5').update(farmText).digest('hex');

/** One checker for each virtual server. */
const checks: Readonly<Record<string, string>> = {
  tcp: block('TCP_CHECK', ...network, 'connect_port 80'),
  http: block(
    'HTTP_GET',
    ...network,
    'connect_port 8080',
    'http_protocol 1.1',
    'fast_recovery',
    ...url('path /', 'virtualhost a.test', 'status_code 200-299 304'),
  ),
  digest: block(
    'HTTP_GET',
    ...common,
    'connect_port 8080',
    'http_protocol 1.0C',
    'virtualhost b.test',
    ...url('path /x?y', `digest ${digest}`),
  ),
  'digest-wrong': block('HTTP_GET', ...common, 'connect_port 8080', ...url('path /', `digest ${'0'.repeat(32)}`)),
  regex: block(
    'HTTP_GET',
    ...common,
    'connect_port 8080',
    'nb_get_retry 1',
    ...url(
      'path /',
      'regex "ALL +is w[a-z]+"',
      'regex_options caseless',
      'regex_min_offset 0',
      'regex_max_offset 10',
      'regex_stack 1000 2000',
    ),
  ),
  'regex-no-match': block('HTTP_GET', ...common, 'connect_port 8080', ...url('path /', 'regex well', 'regex_no_match')),
  ssl: block('SSL_GET', ...common, 'connect_port 443', 'virtualhost c.test', 'enable_sni', ...url('path /', 'status_code 200')),
  smtp: block('SMTP_CHECK', ...network, 'connect_port 25', 'helo_name mail.example.test'),
  dns: block('DNS_CHECK', ...network, 'connect_port 53', 'type A', 'name www.example.test'),
  udp: block(
    'UDP_CHECK',
    ...common,
    'bindto OWN',
    'bind_port 4321',
    'connect_port 5353',
    'payload 00 01 02',
    'connect_timeout 2',
  ),
  'udp-reply': block(
    'UDP_CHECK',
    ...common,
    'connect_port 7',
    'payload 12 34',
    'require_reply 12 x4',
    'min_reply_length 2',
    'max_reply_length 2',
    'connect_timeout 20',
  ),
  ping: block('PING_CHECK', ...common, 'connect_ip 10.0.0.7', 'connect_timeout 20'),
  misc: block(
    'MISC_CHECK',
    ...common,
    'misc_path "SHARED/check one \'two words\'"',
    'misc_timeout 30',
    'misc_dynamic',
    'user root',
  ),
  file: block('FILE_CHECK', 'track_file followed', 'weight 10 reverse'),
};

const config = `${virtualServers.global}
track_file followed {
    file SHARED/number
    weight 2
    init_file 0
}
${Object.entries(checks)
  .map(([label, checker], i) =>
    virtualServers.one({ label, header: `192.0.2.${i + 1} 80`, lines: 'weight 30', blocks: [real(label, 1, '', checker)] }),
  )
  .join('')}`;

export const checkers: World = {
  name: 'checkers',
  configs: { first: config },
  servers: [],
  files: {
    number: '0',
    code: '0',
    check: '#!/bin/sh\n[ "$1 $2" = "one two words" ] || exit 1\nread code <SHARED/code\nexit $code',
  },
  steps: [
    { what: 'start', deeds: ['cut 10.0.0.7', 'write code 1', 'start first'] },
    ...[
      'tcp 10.0.0.1:80',
      'http 10.0.0.1:8080',
      'https 10.0.0.1:443',
      'smtp 10.0.0.1:25',
      'dns 10.0.0.1:53',
      'udp 10.0.0.1:5353',
      'echo 10.0.0.1:7',
    ].map((server) => ({ what: `${server} comes up`, deeds: [`open ${server}`] })),
    { what: 'the host answers', deeds: ['mend 10.0.0.7'] },
    { what: 'the script succeeds', deeds: ['write code 0'] },
    { what: 'the file says 2', deeds: ['write number 2'] },
    { what: 'the web server answers 500', deeds: ['status 10.0.0.1:8080 500'] },
    { what: 'the web server answers 204', deeds: ['status 10.0.0.1:8080 204'] },
    ...[
      'tcp 10.0.0.1:80',
      'http 10.0.0.1:8080',
      'https 10.0.0.1:443',
      'smtp 10.0.0.1:25',
      'dns 10.0.0.1:53',
      'udp 10.0.0.1:5353',
      'echo 10.0.0.1:7',
    ].map((server) => ({ what: `${server} fails`, deeds: [`close ${server}`] })),
    { what: 'the host does not answer', deeds: ['cut 10.0.0.7'] },
    { what: 'stop', deeds: ['stop'] },
  ],
  departures: {},
};
