/** The copy of a kernel table after a dump: right in the end, and nothing told that never was. */
import assert from 'node:assert/strict';
import { catchUp } from '@mainstay/core/linux-ports/catch-up';
import { type Entry, Table } from '@mainstay/core/linux-ports/table';
import fc from 'fast-check';
import { describe, it } from 'mocha';

interface Row {
  readonly key: string;
  readonly value: number;
}

function rowTable(): Table<Row> {
  const format = {
    name: 'rows',
    groups: [],
    dumps: [],
    read: () => undefined,
    keyOf: ({ key }: Row) => key,
    isSame: (a: Row, b: Row) => a.value === b.value,
  };
  return new Table<Row>(format, () => assert.fail('a listener threw'));
}

/** The kernel's own table after these changes. */
function after(entries: readonly Entry<Row>[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { kind, value } of entries) {
    if (kind === 'set') rows.set(value.key, value);
    else rows.delete(value.key);
  }
  return rows;
}

function copied(table: Table<Row>): Map<string, Row> {
  return new Map(table.values().map((row) => [row.key, row]));
}

const set = (key: string, value = 1): Entry<Row> => ({ kind: 'set', value: { key, value } });
const gone = (key: string): Entry<Row> => ({ kind: 'delete', value: { key, value: 0 } });
const entry = fc.record({
  kind: fc.constantFrom('set' as const, 'delete' as const),
  value: fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.nat(2) }),
});
/** Changes that the copy knows, that were lost, that came before the dump's snapshot, and after it. */
const history = fc.tuple(fc.array(entry), fc.array(entry), fc.array(entry), fc.array(entry));

describe('catching up with the kernel', () => {
  it('ends at the truth wherever the snapshot was taken, one event for each difference', () => {
    fc.assert(
      fc.property(history, ([known, lost, early, late]) => {
        const table = rowTable();
        for (const one of known) table.apply(one);
        const before = copied(table);
        const told: string[] = [];
        table.watch(({ kind, value }) => told.push(`${kind} ${value.key}`));
        const snapshot = [...after([...known, ...lost, ...early]).values()];
        catchUp(table, { values: snapshot, isTorn: false }, [...early, ...late], false);
        const truth = after([...known, ...lost, ...early, ...late]);
        assert.deepEqual(copied(table), truth);
        const removed = [...before.keys()].filter((key) => !truth.has(key)).map((key) => `removed ${key}`);
        const others = [...truth.values()].filter((row) => before.get(row.key)?.value !== row.value);
        const set = others.map(({ key }) => `${before.has(key) ? 'changed' : 'added'} ${key}`);
        assert.deepEqual(told.sort(), [...removed, ...set].sort());
      }),
    );
  });

  it('tells of no removal that was undone before the dump ended', () => {
    const table = rowTable();
    table.apply(set('a'));
    table.watch(({ kind }) => assert.fail(kind));
    catchUp(table, { values: [], isTorn: false }, [gone('a'), set('a')], false);
    catchUp(table, undefined, [gone('a'), set('a')], false);
  });

  it('takes nothing for gone while notifications are missing, or because a torn dump lacks it', () => {
    const table = rowTable();
    for (const key of ['a', 'b']) table.apply(set(key));
    catchUp(table, { values: [], isTorn: false }, [gone('a'), set('b', 2)], true);
    assert.deepEqual(copied(table), after([set('a'), set('b', 2)]));
    catchUp(table, { values: [{ key: 'c', value: 1 }], isTorn: true }, [gone('b')], false);
    assert.deepEqual(copied(table), after([set('a'), set('c')]));
  });
});
