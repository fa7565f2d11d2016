/** READMEs of checker-tcp, checker-http and checker-smtp: their examples are right, and no keyword is missing. */
import assert from 'node:assert/strict';
import { checkerHttp } from '@mainstay/checker-http';
import { sslBlock, urlBlock } from '@mainstay/checker-http/internal/config.js';
import smtpCheck from '@mainstay/checker-smtp';
import tcpCheck from '@mainstay/checker-tcp';
import { type Checker, commonCheckerFields, networkCheckerFields } from '@mainstay/sdk';
import { describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';
import { boundBlock } from '../../support/probing.js';
import { read } from '../../support/repository.js';

const http = bindChecks(checkerHttp(), '').checkers;
const pages: readonly (readonly [string, readonly Checker[]])[] = [
  ['checker-tcp', [tcpCheck as Checker]],
  ['checker-http', http],
  ['checker-smtp', [smtpCheck as Checker]],
];

function section(page: string, title: string): string {
  return page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
}

/** The blocks of checkers in the examples: keyword and lines. */
function blocks(text: string): readonly (readonly [string, string])[] {
  return [...text.matchAll(/^( +)([A-Z]+_[A-Z]+) \{\n([\s\S]*?)^\1\}$/gm)].map(([, , keyword = '', lines = '']) => [
    keyword,
    lines,
  ]);
}

describe('READMEs of checkers', () => {
  for (const [name, checkers] of pages) {
    const page = read(`plugins/${name}/README.md`);

    it(`${name}: the examples bind`, () => {
      const examples = blocks(section(page, 'Examples'));
      assert.ok(examples.length > 0);
      for (const [keyword, lines] of examples) {
        const checker = checkers.find((one) => one.keyword === keyword);
        assert.ok(checker !== undefined, keyword);
        boundBlock(checker, lines);
      }
    });

    it(`${name}: every keyword is explained, and has its sentence`, () => {
      const all = {
        ...commonCheckerFields,
        ...networkCheckerFields,
        ...Object.assign({}, ...checkers.map(({ fields }) => fields)),
      };
      const inner = name === 'checker-http' ? { ...urlBlock.fields, ...sslBlock.fields } : {};
      const fields = Object.entries({ ...all, ...inner });
      assert.deepEqual(
        fields.filter(([keyword]) => !section(page, 'Syntax').includes(keyword)).map(([keyword]) => keyword),
        [],
      );
      assert.deepEqual(
        fields
          .filter(([, field]) => (field as { facts: { summary?: string } }).facts.summary === undefined)
          .map(([keyword]) => keyword),
        [],
      );
    });
  }
});
