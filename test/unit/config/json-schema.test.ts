/** The JSON Schema of the merged configuration comes from the fields that the binder uses. */
import assert from 'node:assert/strict';
import { ConfigRegistry } from '@mainstay/core';
import { s } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { balancer } from './balancer.js';

describe('jsonSchema', () => {
  it('describes blocks, keywords, defaults and secrets, and leaves out what is not built', () => {
    const registry = new ConfigRegistry();
    const points = registry.pointsFor('p');
    const line = { syntax: 'ADDR', json: { type: 'string' }, parse: () => '' };
    points.named(
      'router',
      s
        .block({
          id: s.int(1, 255).doc('Its id.'),
          state: s.oneOf('A', 'B').default('A'),
          wait: s.seconds(0, 60).default(1500),
          name: s.word().alias('label'),
          peer: s.word().repeated(),
          addresses: s.lines(line),
          auth: s.nested(s.block({ password: s.word().secret() })).optional(),
          old: s.flag().deprecated('nothing'),
          future: s.notBuilt('the future'),
        })
        .doc('A router.'),
    );
    registry.pointsFor('q').extend('router', { color: s.word().optional() });
    points.root({ hook: s.word().optional() });
    const schema = registry.jsonSchema() as { properties: Record<string, unknown>; $schema: string };
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
    assert.deepEqual(Object.keys(schema.properties), ['global_defs', 'router', 'hook']);
    assert.deepEqual(schema.properties.router, {
      type: 'object',
      description: 'A router.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        allOf: [{ required: ['id'] }, { anyOf: [{ required: ['name'] }, { required: ['label'] }] }],
        properties: {
          id: { type: 'integer', minimum: 1, maximum: 255, description: 'Its id.', 'x-syntax': '1..255' },
          state: { enum: ['A', 'B'], default: 'A', 'x-syntax': 'A|B' },
          wait: { type: 'number', minimum: 0, maximum: 60, default: 1.5, 'x-syntax': '0..60 seconds' },
          name: { type: 'string', 'x-syntax': 'WORD' },
          label: { type: 'string', 'x-syntax': 'WORD', description: 'Another spelling of name.' },
          peer: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }], 'x-syntax': 'WORD' },
          addresses: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
          auth: {
            type: 'object',
            properties: { password: { type: 'string', 'x-syntax': 'WORD', writeOnly: true } },
            additionalProperties: false,
            allOf: [{ required: ['password'] }],
          },
          old: { type: 'boolean', default: false, deprecated: true, 'x-syntax': '' },
          color: { type: 'string', 'x-syntax': 'WORD' },
        },
      },
    });
  });

  it('describes blocks with words in front, plugged blocks once, and extensions of blocks within blocks', () => {
    const schema = balancer().registry.jsonSchema() as {
      properties: Record<string, { additionalProperties: { properties: Record<string, unknown> } }>;
      $defs: Record<string, unknown>;
    };
    const { service } = schema.properties;
    assert.deepEqual(service?.additionalProperties.properties.server, {
      type: 'object',
      description: 'Who does the work.',
      'x-syntax': 'ADDR [PORT]',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        allOf: [{ required: ['zone'] }],
        properties: {
          weight: { type: 'integer', minimum: 0, maximum: 100, default: 1, 'x-syntax': '0..100' },
          zone: { type: 'string', 'x-syntax': 'WORD' },
          limits: {
            type: 'object',
            additionalProperties: false,
            properties: {
              most: { type: 'integer', minimum: 1, maximum: 9, 'x-syntax': '1..9' },
              least: { type: 'integer', minimum: 1, maximum: 9, 'x-syntax': '1..9' },
            },
            allOf: [{ required: ['least'] }],
          },
          TCP_CHECK: severalOf({ $ref: '#/$defs/checker.TCP_CHECK' }),
          HTTP_CHECK: severalOf({ $ref: '#/$defs/checker.HTTP_CHECK' }),
          notify: { type: 'string', 'x-syntax': 'WORD' },
          spare: { type: 'string', 'x-syntax': 'WORD' },
        },
      },
    });
    assert.deepEqual(Object.keys(schema.$defs).toSorted(), ['checker.HTTP_CHECK', 'checker.TCP_CHECK']);
    assert.deepEqual(schema.$defs['checker.TCP_CHECK'], {
      type: 'object',
      description: 'Connects.',
      additionalProperties: false,
      properties: {
        retry: { type: 'integer', minimum: 0, maximum: 9, default: 3, 'x-syntax': '0..9' },
        port: { type: 'integer', minimum: 1, maximum: 65_535, 'x-syntax': '1..65535' },
      },
    });
    const { properties } = schema.$defs['checker.HTTP_CHECK'] as { properties: Record<string, unknown> };
    assert.deepEqual(properties.HTTP_CHECK, severalOf({ $ref: '#/$defs/checker.HTTP_CHECK' }));
  });
});

function severalOf(one: object): object {
  return { anyOf: [one, { type: 'array', items: one }] };
}
