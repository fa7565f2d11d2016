/** The number in a file as C reads it, and what it means for a server. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { faultAtOrBelow, readNumber, verdictOf } from '@mainstay/checker-file';
import fc from 'fast-check';
import { describe, it } from 'mocha';

const cases: readonly (readonly [text: string, number: number | undefined])[] = [
  ['17\n', 17],
  [' \t\n -3 and more', -3],
  ['+5', 5],
  ['0x1F', 31],
  ['-0X10', -16],
  ['021', 17],
  ['08', 0],
  ['0x', 0],
  ['', 0],
  ['five', 0],
  ['- 5', 0],
  ['--5', 0],
  ['-0', 0],
  ['1e3', 1],
  ['2147483647', 2147483647],
  ['-2147483648', -2147483648],
  ['2147483648', undefined],
  ['-2147483649', undefined],
  [`1${'0'.repeat(126)}`, undefined],
];

describe('the number in a track_file', () => {
  for (const [text, number] of cases)
    it(`reads ${JSON.stringify(text.slice(0, 20))}`, () => assert.equal(readNumber(text), number));

  it('is a number of 32 bits or none, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\s*[+-]?(0x)?[0-9a-f]{1,20}.{0,3}$/)), (text) => {
        const number = readNumber(text);
        assert.ok(number === undefined || (Number.isInteger(number) && (number | 0) === number && !Object.is(number, -0)), text);
      }),
    );
  });

  it('is what the C library of this host reads', function () {
    this.timeout(20_000);
    const texts = cases.map(([text]) => text).filter((text) => readNumber(text) !== undefined);
    const program =
      'import ctypes, json, sys\nc = ctypes.CDLL(None)\nc.strtol.restype = ctypes.c_long\n' +
      'print(json.dumps([c.strtol(t.encode(), None, 0) for t in json.load(sys.stdin)]))';
    const read = execFileSync('python3', ['-c', program], { input: JSON.stringify(texts), encoding: 'utf8' });
    assert.deepEqual(
      texts.map((text) => readNumber(text)),
      JSON.parse(read),
    );
  });
});

describe('what a number means', () => {
  const of = (number: number, factor: number, isReverse = false) => verdictOf(number, { factor, isReverse });

  it('is up or down with weight 0', () => {
    assert.deepEqual([of(0, 0).ok, of(1, 0).ok, of(-1, 0).ok], [true, false, false]);
    assert.deepEqual([of(0, 0, true).ok, of(1, 0, true).ok, of(-1, 0, true).ok], [false, true, true]);
  });

  it('is a change of the weight with any other', () => {
    assert.deepEqual(of(5, 3), { ok: true, detail: 'the file says 5', adjust: 15 });
    assert.deepEqual(of(5, 3, true), { ok: true, detail: 'the file says 5', adjust: -15 });
    assert.deepEqual(of(0, -3), { ok: true, detail: 'the file says 0', adjust: 0 });
  });

  it('is a fault far enough below', () => {
    assert.equal(of(faultAtOrBelow, 1).ok, false);
    assert.deepEqual(of(faultAtOrBelow + 1, 1), { ok: true, detail: 'the file says -2147483646', adjust: -2147483646 });
    assert.equal(of(-2147483648, 2147483647).ok, false);
    assert.deepEqual(of(2147483647, 254), { ok: true, detail: 'the file says 2147483647', adjust: 2147483647 });
  });
});
