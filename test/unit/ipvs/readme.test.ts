/** The README's examples run as they stand, and its syntax names nothing that is not there. */
import assert from 'node:assert/strict';
import { globalKeywords, realServerBlock, virtualServerBlock } from '@mainstay/ipvs/internal/config.js';
import { describe, it } from 'mocha';
import { read } from '../../support/repository.js';
import { Stand } from './stand.js';

const readme = read('plugins/ipvs/README.md');
const section = (name: string) => readme.split(`## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
const examples = [...section('Examples').matchAll(/```\n(.*?)```/gs)].map(([, text = '']) => text);

describe('ipvs: README', () => {
  it('has examples that run, without a warning', async () => {
    assert.equal(examples.length, 3);
    const tables = [];
    for (const example of examples) {
      const stand = await Stand.start(example);
      assert.deepEqual(stand.complaints(), []);
      tables.push(stand.ipvs.table.size);
      await stand.stop();
    }
    assert.deepEqual(tables, [1, 27, 1]);
  });

  it('names every code that the sources report, and no other', () => {
    const sources = ['services', 'real-servers', 'virtual-server', 'values', 'group-entry', 'global-values'].map((name) =>
      read(`plugins/ipvs/src/${name}.ts`),
    );
    const codes = (text: string) => [...new Set([...text.matchAll(/IPVS_[A-Z]+/g)].map(([code]) => code))].sort();
    assert.deepEqual(codes(section('Errors')), codes(sources.join()));
  });

  it('documents every keyword in a sentence', () => {
    const silent = [globalKeywords, virtualServerBlock.fields, realServerBlock.fields].flatMap((fields) =>
      Object.entries(fields).filter(([, { shape, facts }]) => shape.kind !== 'notBuilt' && (facts.summary ?? '') === ''),
    );
    assert.deepEqual(
      silent.map(([keyword]) => keyword),
      [],
    );
  });
});
