/**
 * What searching for a regular expression of HTTP_GET costs (plugins/checker-http/src/pattern), in steps, and that it finds the same with
 * and without remembering where it was.
 */
import assert from 'node:assert/strict';
import { Alphabet } from '@mainstay/checker-http/internal/pattern/alphabet.js';
import { Automaton } from '@mainstay/checker-http/internal/pattern/automaton.js';
import { Effort } from '@mainstay/checker-http/internal/pattern/effort.js';
import { wordCharacters } from '@mainstay/checker-http/internal/pattern/escapes.js';
import { patternOptions } from '@mainstay/checker-http/internal/pattern/options.js';
import { parsePattern } from '@mainstay/checker-http/internal/pattern/parser.js';
import { Pattern, TooCostly } from '@mainstay/checker-http/internal/pattern/pattern.js';
import { programOf } from '@mainstay/checker-http/internal/pattern/program.js';
import { Transitions } from '@mainstay/checker-http/internal/pattern/transitions.js';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { anyPattern } from '../../support/any-pattern.js';

const plain = patternOptions([]);

/** Minified: no line ends, a tag every twenty octets. */
function page(octets: number, end: string): Buffer {
  const words = ['div', 'span', 'a href="/x/y"', 'li class="item"', 'p', 'id=1', 'log', 'in', 'lorem ipsum dolor'];
  let seed = 1;
  const next = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return words[(seed >>> 8) % words.length] ?? '';
  };
  const parts: string[] = [];
  for (let length = end.length; length < octets; length += parts.at(-1)?.length ?? 0)
    parts.push(`<${next()}>${next()} ${next()}</${next()}>`);
  return Buffer.from(parts.join('') + end);
}

/** Searches several times, as probes do: what was found, and the steps of each. */
function probes(pattern: Pattern, text: Buffer, times = 3): { readonly found: boolean[]; readonly steps: number[] } {
  const [found, steps]: [boolean[], number[]] = [[], []];
  for (let i = 0; i < times; i++) {
    const search = pattern.search();
    for (let at = 0; at < text.length; at += 65_536) search.feed(text.subarray(at, at + 65_536));
    found.push(search.end());
    steps.push(search.spent);
  }
  return { found, steps };
}

describe('what patterns cost', function () {
  this.timeout(60_000);

  for (const [source, options, octets, most] of [
    ['<.{0,300}id="login"', [], 30_000, 200],
    ['<.{0,300}id="login"', [], 200_000, 200],
    ['<div.{1,200}</div></body>|id="login"', ['dotall'], 400_000, 60],
  ] as const)
    it(`${source} finds what ends a page of ${octets / 1000} KB`, () => {
      const pattern = new Pattern(source, patternOptions(options));
      const { found, steps } = probes(pattern, page(octets, '<form id="login">'));
      assert.deepEqual(found, [true, true, true]);
      for (const one of steps) assert.ok(one < most * octets, `${one} steps`);
      assert.deepEqual(probes(pattern, page(octets, '<form>'), 1).found, [false]);
    });

  it('is next to nothing where the same places come again, and nothing where a page does', () => {
    const pattern = new Pattern('(?i)<form[^>]*id="login"|status:\\s+(ok|degraded)', plain);
    const { steps } = probes(pattern, page(200_000, '<form>'));
    assert.ok((steps[0] ?? 0) < 200_000, `${steps} steps`);
    assert.deepEqual(steps.slice(1), [0, 0]);
  });

  it('grows no more than the text, where that is made to hold them up', () => {
    for (const source of ['(a+)+$', '(a|a)*b', '(a|aa)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*x', '(x+x+)+y']) {
      const { steps } = probes(new Pattern(source, plain), Buffer.from(`${'a'.repeat(1_000_000)}!`), 1);
      assert.ok((steps[0] ?? 0) < 20_000, `${source}: ${steps} steps`);
    }
  });

  it('is bounded, where hundreds of states are alive at every character of a long page', () => {
    const search = new Pattern('[ab]*a[ab]{900}c', plain).search();
    const noise = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => 97 + ((Math.imul(i, 0x9e3779b1) >>> 16) & 1)));
    assert.throws(() => search.feed(noise), TooCostly);
    assert.ok(search.spent > 100_000_000 && search.spent < 110_000_000, `${search.spent} steps`);
  });

  it('is small for one piece of a page, whatever the pattern', () => {
    const search = new Pattern('(?:a?){600}b', plain).search();
    for (let i = 0; i < 20; i++) {
      const before = search.spent;
      search.feed(Buffer.from('a'.repeat(2048)));
      assert.ok(search.spent - before < 2048 * 2100, `${search.spent - before} steps`);
    }
  });

  it('changes nothing about what is found: remembered, not remembered, and by turns', () => {
    const window = fc.record({ from: fc.nat(4), until: fc.option(fc.nat(8), { nil: undefined }) });
    const options = fc.subarray(['caseless', 'multiline', 'dotall', 'firstline', 'utf'] as const).map(patternOptions);
    const characters = fc.constantFrom('a', 'b', 'A', 'B', '\n', ' ', '1', '-', '\u00e9');
    const texts = fc.array(characters, { maxLength: 16 }).map((all) => Buffer.from(all.join('')));
    let hits = 0;
    fc.assert(
      fc.property(
        anyPattern,
        texts,
        options,
        window,
        fc.array(fc.nat(3), { minLength: 1 }),
        (source, text, chosen, where, runs) => {
          const program = programOf(parsePattern(source, chosen));
          const alphabet = new Alphabet(program.sets, wordCharacters(chosen));
          const automaton = new Automaton(program, alphabet);
          const effort = new Effort(Number.POSITIVE_INFINITY);
          const { from, until } = where;
          /** `lengths`: of runs without remembering; between them one step with. */
          const found = (lengths: readonly number[]) => {
            const transitions = new Transitions(alphabet, chosen, until === undefined ? { from } : { from, until });
            let place = automaton.origin;
            const walk = () => {
              for (let [at, i] = [0, 0]; at < transitions.count && place !== automaton.found; i++) {
                const to = Math.min(transitions.count, at + (lengths[i % lengths.length] ?? 0));
                if (to > at) place = automaton.remember(automaton.run(place, transitions.all, at, to, effort), effort);
                if (to < transitions.count && place !== automaton.found)
                  place = automaton.step(place, transitions.all[to] ?? 0, effort);
                at = to + 1;
              }
            };
            transitions.read(text);
            walk();
            transitions.readEnd();
            walk();
            return place === automaton.found;
          };
          const expected = found([0]);
          assert.equal(found([100]), expected, 'never remembered');
          assert.equal(found(runs), expected, 'by turns');
          const search = new Pattern(source, chosen).search(until === undefined ? { from } : { from, until });
          search.feed(text);
          assert.equal(search.end(), expected, 'Search');
          if (expected) hits++;
        },
      ),
      { numRuns: 800 },
    );
    assert.ok(hits > 80 && hits < 720, `${hits} found`);
  });
});
