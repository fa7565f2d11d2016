/** The copy of a kernel table: what listeners hear. */
import assert from 'node:assert/strict';
import { Table, type TableEvent } from '@mainstay/core/linux-ports/table';
import fc from 'fast-check';
import { describe, it } from 'mocha';

interface Row {
  readonly key: string;
  readonly value: number;
}

function rowTable(onError: (error: unknown) => void = () => assert.fail('a listener threw')): Table<Row> {
  return new Table<Row>(
    {
      name: 'rows',
      groups: [],
      dumps: [],
      read: () => undefined,
      keyOf: ({ key }) => key,
      isSame: (a, b) => a.value === b.value,
    },
    onError,
  );
}

/** What somebody knows who only listens. */
function listen(table: Table<Row>): Map<string, number> {
  const known = new Map<string, number>();
  table.watch(({ kind, value: { key, value } }: TableEvent<Row>) => {
    assert.equal(known.has(key), kind !== 'added');
    if (kind === 'removed') known.delete(key);
    else known.set(key, value);
  });
  return known;
}

const row = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.nat(3) });

describe('table of the kernel', () => {
  it('tells nothing of what did not change', () => {
    const table = rowTable();
    const heard: string[] = [];
    table.watch(({ kind }) => heard.push(kind));
    table.apply({ kind: 'set', value: { key: 'a', value: 1 } });
    table.apply({ kind: 'set', value: { key: 'a', value: 1 } });
    table.apply({ kind: 'delete', value: { key: 'b', value: 1 } });
    table.apply({ kind: 'set', value: { key: 'a', value: 2 } });
    table.replace([{ key: 'a', value: 2 }]);
    assert.deepEqual(heard, ['added', 'changed']);
  });

  it('keeps listeners and copy equal through any changes and dumps', () => {
    const change = fc.record({ kind: fc.constantFrom('set', 'delete'), value: row });
    const dump = fc.uniqueArray(row, { selector: ({ key }) => key });
    fc.assert(
      fc.property(fc.array(fc.oneof(change, dump)), (steps) => {
        const table = rowTable();
        const known = listen(table);
        const byValue = table.indexBy(({ value }) => value);
        for (const step of steps) {
          if (Array.isArray(step)) {
            table.replace(step);
            assert.equal(table.values().length, step.length);
          } else table.apply(step as { kind: 'set' | 'delete'; value: Row });
        }
        for (let value = 0; value <= 3; value++) {
          const expected = table.values().filter((one) => one.value === value);
          assert.deepEqual(new Set(byValue.of(value)), new Set(expected));
        }
        assert.deepEqual(new Map(table.values().map(({ key, value }) => [key, value])), known);
      }),
    );
  });

  it('indexes what was there before the index, in the order in which it came', () => {
    const table = rowTable();
    const put = (key: string, value: number) => table.apply({ kind: 'set', value: { key, value } });
    put('b', 1);
    put('a', 1);
    const index = table.indexBy(({ value }) => value);
    put('c', 1);
    put('b', 1);
    const keys = () => index.of(1).map(({ key }) => key);
    assert.deepEqual(keys(), ['b', 'a', 'c']);
    table.apply({ kind: 'delete', value: { key: 'a', value: 1 } });
    put('c', 2);
    assert.deepEqual([keys(), index.of(2).length, index.of(3)], [['b'], 1, []]);
  });

  it('goes on after a listener that throws, and after one that leaves meanwhile', () => {
    const errors: unknown[] = [];
    const table = rowTable((error) => errors.push(error));
    const heard: string[] = [];
    table.watch(() => {
      stop();
      throw new Error('mine');
    });
    const stop = table.watch(() => heard.push('left'));
    table.watch(() => heard.push('stayed'));
    table.apply({ kind: 'set', value: { key: 'a', value: 1 } });
    assert.deepEqual(heard, ['stayed']);
    assert.equal(errors.length, 1);
  });
});
