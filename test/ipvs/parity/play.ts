/** Plays a world to keepalived and to Mainstay at the same time, step by step, and compares what both make of it. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { scratch } from '../../support/peers.js';
import { root } from '../../support/repository.js';
import { Shell } from '../../support/shell.js';
import { type Director, makeDirectors, removeDirectors, withoutServices } from './director.js';
import { Farm, type ServerKind } from './farm-client.js';
import { Keepalived } from './keepalived.js';
import { Mainstay } from './mainstay.js';
import { atRest, beat, beating } from './rest.js';
import {
  changes,
  difference,
  type Expected,
  readExpected,
  type Standing,
  unexplained,
  type World,
  withoutScripts,
  writeExpected,
} from './world.js';

/** Until both have done what they do: many seconds where the guest is slow. */
const patienceMs = 300_000;

/** Nothing has changed for so many rounds of checks. Where it is not as it should be, something may be late: scripts are slow in the lab. */
const restRounds = { right: 2, recorded: 6, wrong: 20 } as const;

interface Program {
  reload(config: string): Promise<void>;
  stop(): Promise<void>;
}

/** One of the two, with what it has done so far. */
class Watched {
  program: Program | undefined;
  /** Before the step under way. */
  table: ReadonlyMap<string, string> = new Map();
  #notesBefore = 0;

  constructor(
    readonly name: 'keepalived' | 'mainstay',
    readonly director: Director,
    readonly folder: string,
    private readonly shared: string,
  ) {
    mkdirSync(folder, { recursive: true });
    const script = join(folder, 'note');
    // One write for each note: two scripts may take theirs at the same time.
    const lines = [
      '#!/bin/sh',
      'note="$1"',
      'shift',
      'for word; do note="$note [$word]"; done',
      `echo "$note" >>${folder}/notes`,
    ];
    writeFileSync(script, `${lines.join('\n')}\n`);
    chmodSync(script, 0o755);
  }

  config(text: string): string {
    return text
      .replaceAll('NOTE', join(this.folder, 'note'))
      .replaceAll('SHARED', this.shared)
      .replaceAll('OWN', this.director.address)
      .replaceAll('FARM', this.director.farm);
  }

  async start(text: string): Promise<void> {
    const config = this.config(text);
    this.program =
      this.name === 'mainstay' ? await Mainstay.start(config) : await Keepalived.start(this.director, this.folder, config);
  }

  async standing(): Promise<Standing> {
    return { table: await this.director.table(), notes: this.#notes().slice(this.#notesBefore) };
  }

  async changes(): Promise<string> {
    return changes(this.table, await this.standing());
  }

  async nextStep(): Promise<void> {
    this.table = await this.director.table();
    this.#notesBefore = this.#notes().length;
  }

  #notes(): readonly string[] {
    const file = join(this.folder, 'notes');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  }
}

export function play(world: World): void {
  const file = join(root, 'test/fixtures/ipvs-events', `${world.name}.txt`);
  const isUpdate = process.env.UPDATE === '1';
  const expected = isUpdate ? new Map<string, Expected>() : readExpected(readFileSync(file, 'utf8'));
  const found = new Map<string, Expected>();

  describe(`keepalived and Mainstay: ${world.name}`, function () {
    this.timeout(patienceMs * 3);
    const shell = new Shell();
    const shared = scratch();
    let directors: readonly Director[] = [];
    let farm: Farm;
    let both: readonly [Watched, Watched];
    let isBroken = false;

    before(async () => {
      const made = await makeDirectors(shell, 2);
      directors = made;
      const other = made[1];
      assert.ok(other !== undefined);
      farm = await Farm.start();
      for (const server of [`tcp ${beating.real}`, ...world.servers]) await carryOut(`open ${server}`);
      for (const [name, text] of Object.entries(world.files)) write(name, text);
      both = [
        new Watched('keepalived', other, join(scratch(), 'keepalived'), shared),
        new Watched('mainstay', made[0], join(scratch(), 'mainstay'), shared),
      ];
      chmodSync(shared, 0o755);
    });
    after(async () => {
      for (const { program } of both ?? []) await program?.stop();
      await farm?.stop();
      await removeDirectors(shell, directors);
      shell.close();
    });

    for (const { what, deeds } of world.steps) {
      it(what, async () => {
        assert.equal(isBroken, false, 'an earlier step has failed');
        isBroken = !isUpdate;
        for (const one of both) await one.nextStep();
        for (const deed of deeds) await carryOut(deed);
        const wanted = expected.get(what);
        const enough = (now: Expected) =>
          isUpdate ? restRounds.recorded : restRounds[isDeepStrictEqual(now, wanted) ? 'right' : 'wrong'];
        const now = await atRest(look, enough, rounds, patienceMs);
        found.set(what, now);
        if (isUpdate) writeFileSync(file, writeExpected(found));
        else assert.deepEqual(now, wanted);
        await compareListings(what);
        isBroken = false;
      });
    }

    it('each departure is one, and has a reason', () => {
      assert.deepEqual(unexplained(isUpdate ? found : expected, world.departures), []);
    });

    async function look(): Promise<Expected> {
      const [theirs = '', mainstay = ''] = await Promise.all(both.map((one) => one.changes()));
      const keepalived = hasEnded() ? withoutScripts(theirs) : theirs;
      return { keepalived, mainstay: difference(keepalived, mainstay) };
    }

    function hasEnded(): boolean {
      return both.every(({ program }) => program === undefined);
    }

    /** Once both have stopped, time counts alone: the last scripts may still run. */
    async function rounds(): Promise<readonly number[]> {
      if (hasEnded()) return [Math.floor(performance.now() / beating.everyMs)];
      const counts = await farm.connections(beating.real);
      return both.map(({ director }) => counts[director.address] ?? 0);
    }

    async function carryOut(deed: string): Promise<void> {
      const [verb = '', first = '', ...rest] = deed.split(' ');
      const text = rest.join(' ');
      if (verb === 'open' || verb === 'close') await farm.order({ do: verb, kind: first as ServerKind, server: text });
      else if (verb === 'status') await farm.order({ do: 'status', server: first, status: Number(text) });
      else if (verb === 'write') write(first, text);
      else if (verb === 'start') await Promise.all(both.map((one) => one.start(configOf(first))));
      else if (verb === 'reload') await Promise.all(both.map((one) => one.program?.reload(one.config(configOf(first)))));
      else if (verb === 'cut') for (const one of both) await one.director.cutOff(first);
      else if (verb === 'mend') for (const one of both) await one.director.reconnect(first);
      else if (verb === 'address') for (const one of both) await one.director.hold(first);
      else if (verb === 'no-address') for (const one of both) await one.director.drop(first);
      else if (verb === 'stop') {
        for (const one of both) {
          await one.program?.stop();
          one.program = undefined;
        }
      } else throw new Error(`unknown deed: ${deed}`);
    }

    function configOf(name: string): string {
      return `${world.configs[name] ?? ''}${beat}`;
    }

    function write(name: string, text: string): void {
      // At once: a script may read it now.
      const next = join(shared, `.${name}`);
      writeFileSync(next, `${text.replaceAll('SHARED', shared)}\n`, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
      renameSync(next, join(shared, name));
    }

    /** They must be the same to the letter; where they depart, that has been compared. */
    async function compareListings(what: string): Promise<void> {
      const [theirs = new Map(), ours = new Map()] = await Promise.all(both.map(({ director }) => director.table()));
      const departing = [...theirs.keys(), ...ours.keys()].filter((service) => theirs.get(service) !== ours.get(service));
      const listings = await Promise.all(both.map(({ director }) => director.listing()));
      const [keepalived, mainstay] = listings.map((text) => withoutServices(text, departing));
      assert.equal(mainstay, keepalived, what);
    }
  });
}
