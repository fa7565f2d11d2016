/**
 * The world in which servers fail that TCP_CHECK asks: leaving the table and coming back, sorry servers, quorum, `alpha`, `ha_suspend`.
 * Checkers of other kinds are in it, and succeed throughout: what they do on failures is shown by the tests of those plugins.
 */
import { real, tcpCheck, virtualServers } from './text.js';
import type { World } from './world.js';

let last = 0;
const virtual = (label: string, lines: string, blocks: readonly string[], header = `192.0.2.${++last} 80`) =>
  virtualServers.one({ label, header, lines, blocks });

const three = (label: string) => [1, 2, 3].map((n) => real(label, n));
const block = (keyword: string, ...lines: readonly string[]) =>
  `${keyword} {\n            ${lines.join('\n            ')}\n        }`;
const web = (...lines: readonly string[]) => block('HTTP_GET', 'connect_port 8080', 'url {', '    path /', ...lines, '}');
const script = (...lines: readonly string[]) => block('MISC_CHECK', 'misc_path SHARED/check', 'misc_timeout 300', ...lines);
const file = (weight: string) => block('FILE_CHECK', 'track_file followed', `weight ${weight}`);
const sorry = 'sorry_server 10.0.0.9 80';

const config = `${virtualServers.global}track_file followed {
    file SHARED/number
}
virtual_server_group TWO {
    192.0.2.101 80
    192.0.2.102-103 443
    fwmark 7
}
${virtual('plain', '', three('plain'))}
${virtual('', 'inhibit_on_failure', three(''))}
${virtual('sorry', sorry, three('sorry'))}
${virtual('', 'sorry_server 10.0.0.9 8080\n    sorry_server_inhibit\n    inhibit_on_failure', three(''))}
${virtual('quorum', 'quorum 2\n    lvs_method DR', three('quorum'))}
${virtual('hysteresis', `quorum 3\n    hysteresis 1\n    ${sorry}\n    sorry_server_lvs_method TUN`, [
  real('hysteresis', 1, 'weight 2'),
  real('hysteresis', 2),
  real('hysteresis', 3),
])}
${virtual('alpha', `alpha\n    omega\n    ${sorry}`, [real('alpha', 1)])}
${virtual('omega', 'omega\n    quorum 2\n    lb_algo rr', three('omega'))}
${virtual('', 'sorry_server 10.0.0.3 80', three(''))}
${virtual('', 'inhibit_on_failure', [real('', 1, 'inhibit_on_failure off'), real('', 2), real('', 3, 'weight 0')])}
${virtual('web', 'virtualhost www.example.test', [real('web', 1, '', web(), 8080), real('web', 2, '', web('    status_code 200 503'), 8080)])}
${virtual('', '', [real('', 1, '', `${tcpCheck}\n        ${web()}`), real('', 2)])}
${virtual('misc', `quorum 4\n    ${sorry}`, [real('misc', 1, 'weight 3', script('misc_dynamic')), real('misc', 2)])}
${virtual('', '', [real('', 1, 'weight 3', script()), real('', 2)])}
${virtual('file', `quorum 2\n    ${sorry}`, [real('file', 1, 'weight 3', file('2')), real('file', 2, '', file('1 reverse'))])}
${virtual('', '', [real('', 1, 'weight 3', file('0')), real('', 2)])}
${virtual('', sorry, three(''), 'group TWO')}
${virtual('', 'inhibit_on_failure', three(''), 'fwmark 9')}
${virtual('', 'ha_suspend', three(''), '192.0.2.99 80')}
`;

export const failures: World = {
  name: 'failures',
  configs: { first: config },
  servers: ['tcp 10.0.0.1:80', 'tcp 10.0.0.2:80', 'tcp 10.0.0.3:80', 'http 10.0.0.1:8080', 'http 10.0.0.2:8080'],
  files: { number: '0', code: '0', check: '#!/bin/sh\nread code <SHARED/code\nexit $code' },
  steps: [
    { what: 'start', deeds: ['start first'] },
    { what: '10.0.0.2 fails', deeds: ['close tcp 10.0.0.2:80'] },
    { what: '10.0.0.3 fails, too', deeds: ['close tcp 10.0.0.3:80'] },
    { what: 'the address comes', deeds: ['address 192.0.2.99'] },
    { what: 'the address goes', deeds: ['no-address 192.0.2.99'] },
    { what: 'all have failed', deeds: ['close tcp 10.0.0.1:80'] },
    { what: '10.0.0.2 comes back', deeds: ['open tcp 10.0.0.2:80'] },
    { what: '10.0.0.1 comes back', deeds: ['open tcp 10.0.0.1:80'] },
    { what: '10.0.0.3 comes back', deeds: ['open tcp 10.0.0.3:80'] },
  ],
  departures: [],
};
