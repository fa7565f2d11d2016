/** One file with ten different mistakes: ten messages, each at its place, each with what to do, and nothing that follows from another. */
import assert from 'node:assert/strict';
import { ConfigRegistry } from '@mainstay/core';
import { formatDiagnostic, s } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { readText } from './outline.js';

const text = `global_defs {
    router_idd edge-1
}

router VI_1 {
    interface "eth0
    id 51
    priority 300
    authentication {
        type PASS
        password hunter2
    track {
        eth1 weight x
    }
}

router VI_1 {
    interface eth0
    state MASTR
    future_thing on
    id 52
}

balance 10.0.0.1 80 {
    delay 6
    real 10.0.0.2 { }
}

router VI_3 {
    interface eth0
}
`;

const tracked = s.lines({
  syntax: 'IF [weight N]',
  json: { type: 'string' },
  parse(args) {
    const name = args.take()?.text;
    if (args.take()?.text === 'weight' && !/^[0-9]+$/.test(args.peek()?.text ?? '')) {
      args.fail('the weight must be a number', { hint: 'write: weight -253..253' });
    }
    args.take();
    return name;
  },
});

const expected = [
  'test.conf:2:5: error: "router_idd" is not a keyword of global_defs (did you mean "router_id"?) [CONFIG_UNKNOWN_KEYWORD]',
  'test.conf:6:15: error: the quote is not closed on this line (add the closing ") [CONFIG_QUOTE_NOT_CLOSED]',
  'test.conf:8:14: error: 300 is out of range: 1..255 (the nearest allowed value is 255) [CONFIG_OUT_OF_RANGE]',
  'test.conf:9:5: error: the block of authentication is not closed (a } is missing before line 12) [CONFIG_BRACE_NOT_CLOSED]',
  'test.conf:13:21: error: the weight must be a number (write: weight -253..253) [CONFIG_BAD_VALUE]',
  'test.conf:17:8: error: there are two router VI_1: the first is at test.conf:5:8 (give one of them another name) [CONFIG_DUPLICATE_NAME]',
  'test.conf:19:11: error: "MASTR" is not one of MASTER, BACKUP (did you mean "MASTER"?) [CONFIG_BAD_VALUE]',
  'test.conf:20:5: error: future things is not built yet (take it out, or stay with keepalived on this host for now) [CONFIG_NOT_BUILT]',
  'test.conf:24:1: error: balance: load balancing is not built yet (take it out, or stay with keepalived on this host for now) [CONFIG_NOT_BUILT]',
  'test.conf:29:1: error: router VI_3 lacks id, which it needs (add: id 1..255) [CONFIG_MISSING_KEYWORD]',
];

describe('a file with ten mistakes', () => {
  it('gets ten messages, in order', () => {
    const registry = new ConfigRegistry();
    registry.reserve('balance', 'load balancing');
    const points = registry.pointsFor('router');
    points.extend('global_defs', { router_id: s.word('a name').optional() });
    points.named(
      'router',
      s.block({
        interface: s.word('an interface'),
        id: s.int(1, 255),
        priority: s.int(1, 255).default(100),
        state: s.oneOf('MASTER', 'BACKUP').default('BACKUP'),
        authentication: s.nested(s.block({ type: s.oneOf('PASS', 'AH'), password: s.word().secret() })).optional(),
        track: tracked,
        future_thing: s.notBuilt('future things'),
      }),
    );
    const { tree, diagnostics } = readText(text);
    const said = [...diagnostics, ...registry.bind(tree, { unknownKeywords: 'error' })];
    said.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
    assert.deepEqual(said.map(formatDiagnostic), expected);
    assert.equal(said.length, 10);
    assert.equal(new Set(said.map(({ code, at }) => `${code} ${at.line}`)).size, said.length);
  });
});
