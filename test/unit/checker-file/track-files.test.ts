/** FILE_CHECK on simulated files: what checks hear and when, reloads, files made at start, and the rules of the configuration. */
import assert from 'node:assert/strict';
import { checkerFile, emptyMs, rereadMs } from '@mainstay/checker-file';
import { type Plugin, PortError, type Run, type Verdict, type WatchContext } from '@mainstay/sdk';
import { createVirtualClock, type LogRecord, SimulatedFiles, type VirtualClock } from '@mainstay/testing';
import { beforeEach, describe, it } from 'mocha';
import { bindChecks } from '../../support/checker-config.js';

const path = '/run/number';
const site = (file: string, check = '', name = 'load') =>
  `track_file load {\nfile ${path}\n${file}\n}\nserver A {\nFILE_CHECK {\ntrack_file ${name}\n${check}\n}\n}`;

describe('FILE_CHECK', () => {
  let clock: VirtualClock;
  let files: SimulatedFiles;
  let log: LogRecord[];
  let plugin: Plugin;

  beforeEach(() => {
    clock = createVirtualClock();
    files = new SimulatedFiles();
    log = [];
    plugin = checkerFile();
  });

  function runOf(isRestart = false): Run {
    const say = (level: LogRecord['level']) => (message: string) => {
      log.push({ level, plugin: 'checker-file', message, at: clock.wall() });
    };
    const facts = { isRestart, keepAddressesAtExit: false, configDirectory: '/etc/mainstay' };
    const logger = { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') };
    return { clock, facts, log: logger, ports: { files } } as unknown as Run;
  }

  /** Starts the plugin with a configuration, and follows its checks. Each verdict in short. */
  async function start(text: string, isRestart = false) {
    const { said, checks, checkers, objects } = bindChecks(plugin, text);
    assert.deepEqual(said, []);
    const run = runOf(isRestart);
    await plugin.start?.(run);
    const heard: string[] = [];
    const ends = checks.map(({ value }) => {
      const context = { config: value, ...run, report: (verdict: Verdict) => heard.push(short(verdict)) };
      return checkers[0]?.watch?.(context as unknown as WatchContext<never>) ?? assert.fail('no watch');
    });
    await settle();
    return { run, heard, objects, stop: () => ends.forEach((end) => void end()) };
  }

  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const short = (verdict: Verdict) => (verdict.ok ? `up ${verdict.adjust ?? ''}`.trim() : 'down');
  async function write(text: string): Promise<void> {
    files.write(path, text);
    await settle();
  }

  it('says at once what the file says, and then every change', async () => {
    files.write(path, '5\n');
    const { heard, stop } = await start(site(''));
    assert.deepEqual(heard, ['up 5']);
    await write('-7\n');
    await write('-7 again\n');
    await write('0x10');
    assert.deepEqual(heard, ['up 5', 'up -7', 'up 16']);
    stop();
    await write('1');
    assert.equal(heard.length, 3);
  });

  it('takes the weight of the check, else that of the track_file, with reverse', async () => {
    files.write(path, '3');
    const heard = async (file: string, check: string) => (await start(site(file, check))).heard;
    assert.deepEqual(await heard('weight 10', ''), ['up 30']);
    plugin = checkerFile();
    assert.deepEqual(await heard('weight 10 reverse', ''), ['up -30']);
    plugin = checkerFile();
    assert.deepEqual(await heard('weight 10 reverse', 'weight 2 noreverse'), ['up 6']);
    plugin = checkerFile();
    assert.deepEqual(await heard('weight 10', 'weight 0'), ['down']);
    plugin = checkerFile();
    assert.deepEqual(await heard('', 'weight 0 reverse'), ['up']);
  });

  it('takes a missing file for 0, and one that is removed at once', async () => {
    const { heard } = await start(site('', 'weight 0'));
    assert.deepEqual(heard, ['up']);
    await write('1');
    files.remove(path);
    await settle();
    assert.deepEqual(heard, ['up', 'down', 'up']);
    assert.deepEqual(
      log.filter(({ level }) => level !== 'debug'),
      [],
    );
  });

  it('waits before it takes an empty file for 0', async () => {
    files.write(path, '5');
    const { heard } = await start(site(''));
    await write('');
    await clock.advance(emptyMs - 1);
    await write('6');
    assert.deepEqual(heard, ['up 5', 'up 6']);
    await write('');
    await clock.advance(emptyMs + 1);
    await settle();
    assert.deepEqual(heard, ['up 5', 'up 6', 'up 0']);
  });

  it('reads again where the file system tells of nothing', async () => {
    files.watch = () => () => {};
    const { heard } = await start(site(''));
    files.write(path, '9');
    await clock.advance(rereadMs - 1);
    await settle();
    assert.deepEqual(heard, ['up 0']);
    await clock.advance(2);
    await settle();
    assert.deepEqual(heard, ['up 0', 'up 9']);
  });

  it('keeps the number where another is out of range, and takes 0 where the file cannot be read; it says so once', async () => {
    files.write(path, '5');
    const { heard } = await start(site(''));
    await write('99999999999');
    await write('99999999998');
    files.readHead = () => Promise.reject(new PortError(`cannot read ${path}: permission denied`, 'EACCES'));
    await write('5');
    await write('5');
    assert.deepEqual(heard, ['up 5', 'up 0']);
    assert.deepEqual(
      log.filter(({ level }) => level === 'warn').map(({ message }) => message),
      [
        'track_file load: the number in /run/number is out of range, and is not taken',
        'track_file load: cannot read /run/number: permission denied; its number counts as 0',
      ],
    );
  });

  it('watches a file once for all its checks, and not at all when the last one ends', async () => {
    const block = 'FILE_CHECK {\ntrack_file load\n}\n';
    let watches = 0;
    const { watch } = files;
    files.watch = (...args) => {
      watches++;
      const end = watch.apply(files, args);
      return () => {
        watches--;
        end();
      };
    };
    const { heard, stop } = await start(`track_file load {\nfile ${path}\n}\nserver A {\n${block}${block}${block}}`);
    assert.deepEqual([heard, watches], [['up 0', 'up 0', 'up 0'], 1]);
    stop();
    stop();
    assert.equal(watches, 0);
    assert.equal(clock.pending, 0);
  });

  it('leaves nothing when it stops', async () => {
    const { run, heard } = await start(site(''));
    await plugin.stop?.(run, 'shutdown');
    await write('5');
    assert.deepEqual([heard, clock.pending], [['up 0'], 0]);
  });

  describe('init_file', () => {
    const made = async (init: string, before?: string, isRestart = false) => {
      plugin = checkerFile();
      files = new SimulatedFiles(before === undefined ? {} : { [path]: before });
      const { heard } = await start(site(init), isRestart);
      return [heard.at(-1), await files.readText(path).catch(() => 'missing')];
    };

    it('makes a file that is missing, and leaves one that is there', async () => {
      assert.deepEqual(await made(''), ['up 0', 'missing']);
      assert.deepEqual(await made('init_file'), ['up 0', '0\n']);
      assert.deepEqual(await made('init_file -7'), ['up -7', '-7\n']);
      assert.deepEqual(await made('init_file 7', '3\n'), ['up 3', '3\n']);
    });

    it('overwrites where it is asked to, but not when a process starts anew', async () => {
      assert.deepEqual(await made('init_file 7 overwrite', '3\n'), ['up 7', '7\n']);
      assert.deepEqual(await made('init_file overwrite', '3\n'), ['up 0', '0\n']);
      assert.deepEqual(await made('init_file 7 overwrite', '3\n', true), ['up 3', '3\n']);
    });

    it('that fails is told, and counts as a missing file', async () => {
      files.create = () => Promise.reject(new PortError(`cannot make ${path}: read-only file system`, 'EROFS'));
      const { heard } = await start(site('init_file 5'));
      assert.deepEqual(heard, ['up 0']);
      assert.match(log.find(({ level }) => level === 'error')?.message ?? '', /track_file load: cannot make .* read-only/);
    });
  });

  describe('at a reload', () => {
    /** The handles of the running plugin show another configuration. */
    async function reload(run: Run, text: string): Promise<void> {
      bindChecks(plugin, text);
      assert.equal(await plugin.reconfigure?.(run), 'absorbed');
      await settle();
    }

    it('follows another path, and takes another weight, without a word where nothing changes', async () => {
      files.write(path, '2');
      files.write('/run/other', '9');
      const { run, heard } = await start(site('weight 3'));
      await reload(run, site('weight 3'));
      assert.deepEqual(heard, ['up 6']);
      await reload(run, site('weight 4'));
      assert.deepEqual(heard, ['up 6', 'up 8']);
      await reload(run, site('weight 4').replace(path, '/run/other'));
      assert.deepEqual(heard, ['up 6', 'up 8', 'up 36']);
      await write('1');
      assert.equal(heard.length, 3);
    });

    it('says nothing of a file that it does not know yet, or no more, until it does', async () => {
      files.write(path, '5');
      const { run, heard } = await start(site(''));
      const watch = bindChecks(plugin, site('')).checkers[0]?.watch ?? assert.fail('no watch');
      const report = (verdict: Verdict) => heard.push(`new ${short(verdict)}`);
      watch({ config: { track_file: 'new' }, ...run, report } as unknown as WatchContext<never>);
      await reload(run, '');
      assert.deepEqual(heard, ['up 5']);
      await reload(run, `${site('')}\ntrack_file new {\nfile /run/new\n}`);
      assert.deepEqual(heard.sort(), ['new up 0', 'up 5', 'up 5']);
    });

    it('never overwrites', async () => {
      const { run, heard } = await start(site('init_file 7 overwrite'));
      await write('8');
      await reload(run, site('init_file 7 overwrite'));
      assert.deepEqual(heard, ['up 7', 'up 8']);
    });
  });

  it('shows each file with what it says', async () => {
    files.write(path, '5');
    const { objects } = await start(site('weight 3 reverse'));
    assert.deepEqual(objects(), [
      {
        kind: 'track_file',
        name: 'load',
        state: '5',
        summary: { weight: '3 reverse', checks: 1 },
        detail: { file: path, problem: null },
      },
    ]);
  });

  describe('configuration', () => {
    const said = (text: string) => bindChecks(checkerFile(), text).said;

    it('refuses a check of a file that is not there, with a suggestion', () => {
      assert.match(said(site('', '', 'laod'))[0] ?? '', /^7:1: error: there is no track_file laod \(did you mean "load"\?\)/);
      assert.match(said('server A {\nFILE_CHECK {\n}\n}')[0] ?? '', /FILE_CHECK lacks track_file/);
    });

    it('refuses weights and numbers out of range, and words that it does not know', () => {
      assert.match(said(site('weight 255'))[0] ?? '', /^3:8: error: 255 is out of range: -254\.\.254/);
      assert.match(said(site('weight 1 backwards'))[0] ?? '', /^3:10: error: "backwards" is neither reverse nor noreverse/);
      assert.match(said(site('', 'weight 2147483648'))[0] ?? '', /out of range/);
      assert.match(said(site('init_file 5 sometimes'))[0] ?? '', /^3:13: error: "sometimes" is neither a number nor overwrite/);
      assert.match(said(site('weight x'))[0] ?? '', /"x" is not a whole number/);
    });

    it('takes the older word with a warning, and refuses one name for two', () => {
      const older = site('').replace('track_file load', 'vrrp_track_file load');
      assert.deepEqual(said(older), ['1:1: warning: vrrp_track_file is deprecated (write track_file) [CONFIG_DEPRECATED]']);
      const both = said(`${older}\ntrack_file load {\nfile /x\n}`);
      assert.ok(
        both.some((line) => /^1:1: error: there are two track_file load/.test(line)),
        both.join('\n'),
      );
    });

    it('says of the keywords of probes that they do nothing here', () => {
      assert.match(said(site('', 'retry 3'))[0] ?? '', /^8:7: warning: this has no effect: a file is watched, not probed/);
    });
  });
});
