/** A schema like that of a load balancer, for tests of headed blocks, plugged blocks and extensions of blocks within blocks. */
import { ConfigRegistry } from '@mainstay/core';
import { type Args, s } from '@mainstay/sdk';
import { readText } from './outline.js';

/** `ADDR [PORT]` */
export const endpoint = {
  syntax: 'ADDR [PORT]',
  json: { type: 'string' },
  parse(args: Args) {
    const address = args.take() ?? args.fail('an address is missing', { code: 'CONFIG_MISSING_VALUE' });
    const port = args.take();
    if (port !== undefined && !/^[0-9]+$/.test(port.text)) args.fail(`"${port.text}" is not a port`, { at: port.at });
    return port === undefined ? { address: address.text } : { address: address.text, port: Number(port.text) };
  },
};

const server = s
  .block({
    weight: s.int(0, 100).default(1),
    zone: s.word(),
    limits: s.nested(s.block({ most: s.int(1, 9).optional() })).optional(),
    BFD_CHECK: s.notBuilt('BFD_CHECK'),
    spare: s.notBuilt('spare'),
    checkers: s.plugged('checker'),
  })
  .doc('A server.');

const tcp = s.block({ retry: s.int(0, 9).default(3), port: s.int(1, 65_535).optional() }).doc('Connects.');
const http = s.block({ url: s.nested(s.block({ path: s.word() })).repeated(), again: s.plugged('checker') });

export function balancer() {
  const registry = new ConfigRegistry();
  const points = registry.pointsFor('balancer');
  const more = registry.pointsFor('scripts');
  const handles = {
    // Before the blocks that they extend, on purpose.
    servers: more.extend(['service', 'server'], { notify: s.word().optional(), spare: s.word().optional() }),
    limits: more.extend(['service', 'server', 'limits'], { least: s.int(1, 9) }),
    services: more.extend('service', { quorum: s.word().default('none') }),
    service: points.headed(
      'service',
      endpoint,
      s
        .block({
          port: s.int(1, 9).default(5),
          server: s.headed(endpoint, server).repeated().doc('Who does the work.'),
          sorry: s.headed(endpoint, s.block({ late: s.flag() })).optional(),
        })
        .doc('What is balanced.'),
    ),
    settings: points.block('settings', s.block({ inner: s.nested(s.block({ a: s.int(1, 9).default(1) })).optional() })),
    inner: more.extend(['settings', 'inner'], { b: s.int(1, 9).optional() }),
  };
  registry.pointsFor('tcp').plug('checker', 'TCP_CHECK', tcp, { kind: 'tcp' });
  registry.pointsFor('http').plug('checker', 'HTTP_CHECK', http);
  registry.pointsFor('nowhere').plug('nothing', 'LOST_CHECK', tcp);
  const bind = (text: string, unknownKeywords: 'error' | 'warning' = 'error') =>
    registry.bind(readText(text).tree, { unknownKeywords });
  return { registry, points, more, bind, ...handles };
}
