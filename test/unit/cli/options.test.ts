/** The command line: keepalived's forms, our commands, and what is refused. */
import assert from 'node:assert/strict';
import { readArguments, readVerb } from 'mainstay';
import { describe, it } from 'mocha';

function daemon(...argv: readonly string[]) {
  const invocation = readArguments(argv);
  assert.ok(invocation.kind === 'run', invocation.kind);
  return invocation.daemon;
}

const refuses = (argv: readonly string[], words: RegExp) => assert.throws(() => readArguments(argv), words);

describe('the command line of the daemon', () => {
  it('takes combined short flags, and a value glued to its flag or after it', () => {
    for (const argv of [
      ['-nlD', '-f', '/a.conf'],
      ['-nlDf/a.conf'],
      ['-n', '-l', '-D', '--use-file=/a.conf'],
      ['run', '-nlD', '--use-file', '/a.conf'],
    ]) {
      const { isForeground, logConsole, logDetail, file } = daemon(...argv);
      assert.deepEqual([isForeground, logConsole, logDetail, file], [true, true, true, '/a.conf']);
    }
  });

  it('takes optional values only glued', () => {
    assert.equal(daemon('-n').logFile, undefined);
    assert.equal(daemon('-g').logFile, '/var/log/mainstay.log');
    assert.equal(daemon('-ng/x.log').logFile, '/x.log');
    assert.equal(daemon('--log-file=/x.log').logFile, '/x.log');
    refuses(['-g', '/x.log'], /unexpected argument "\/x\.log"/);
  });

  it('takes unambiguous prefixes of long names, as getopt does', () => {
    assert.equal(daemon('--dont-f').isForeground, true);
    refuses(['--dont'], /--dont is ambiguous: --dont-fork, --dont-respawn, --dont-release-vrrp/);
    assert.equal(daemon('--check').only.has('check'), true);
  });

  it('reads PID files, facility, id, mask and instance', () => {
    const args = daemon(
      '-p',
      '/p',
      '-r/r',
      '--checkers_pid=/c',
      '-b',
      '/b',
      '-S',
      'local5',
      '-i',
      'one',
      '-u',
      '077',
      '--instance',
      'a-1',
    );
    assert.deepEqual(args.pidFiles, { daemon: '/p', vrrp: '/r', check: '/c', bfd: '/b' });
    assert.deepEqual([args.logFacility, args.configId, args.umask, args.instance], [21, 'one', 0o077, 'a-1']);
    assert.deepEqual([daemon('-S', '3').logFacility, daemon('-S', 'user').logFacility, daemon().logFacility], [19, 1, 3]);
  });

  it('tests the configuration with -t', () => {
    assert.equal(readArguments(['-t', '-f', '/a']).kind, 'configTest');
    const withLog = readArguments(['--config-test=/log', '-f', '/a']);
    assert.ok(withLog.kind === 'configTest' && withLog.logTo === '/log' && withLog.daemon.file === '/a');
  });

  it('refuses what it does not do, with the reason', () => {
    refuses(['-x'], /-x, --snmp is not available: SNMP is not built yet/);
    refuses(['-s', 'ns1'], /ip netns exec/);
    refuses(['--core-dump-pattern=core'], /not built yet/);
  });

  it('refuses what nobody knows', () => {
    refuses(['-Z'], /unknown option -Z/);
    refuses(['--nonsense'], /unknown option --nonsense/);
    refuses(['-f'], /-f needs a value/);
    refuses(['--dont-fork=yes'], /--dont-fork takes no value/);
    refuses(['-S', 'mail'], /-S is 0-7/);
    refuses(['-u', '999'], /octal mask/);
    refuses(['--log-format', 'xml'], /--log-format is text or json/);
    refuses(['--instance', '../x'], /--instance is letters/);
    refuses(['Start'], /unknown command "Start"; commands are run, check/);
    refuses(['-n', 'extra'], /unexpected argument "extra"/);
  });
});

describe('the commands', () => {
  it('take their arguments', () => {
    const check = readArguments(['check', '/a.conf', '--json']);
    assert.ok(check.kind === 'client' && check.client.file === '/a.conf' && check.client.json);
    const explain = readArguments(['explain', 'VI_1', '--run-dir', '/r']);
    assert.ok(explain.kind === 'client' && explain.client.names[0] === 'VI_1' && explain.client.runDirectory === '/r');
    const watch = readArguments(['watch', 'vrrp.advert', 'lane.crashed']);
    assert.ok(watch.kind === 'client' && watch.client.names.length === 2);
    refuses(['explain'], /explain needs the name/);
    refuses(['plugins', 'x'], /unexpected argument "x"/);
  });

  it('may be verbs that only the running daemon knows', () => {
    const verb = readArguments(['handover', 'VI_1', '--run-dir', '/r', '--json']);
    assert.ok(verb.kind === 'verb' && verb.verb === 'handover');
    const client = readVerb(verb.args);
    assert.ok(client !== 'help' && client.json);
    assert.deepEqual([client.names, client.runDirectory], [['VI_1'], '/r']);
    assert.equal(readVerb(['--help']), 'help');
    assert.throws(() => readVerb(['--nonsense']), /unknown option --nonsense/);
    const act = readArguments(['act', 'status', 'x', '--instance', 'b']);
    assert.ok(act.kind === 'client' && act.command === 'act' && act.client.instance === 'b');
    assert.deepEqual(act.client.names, ['status', 'x']);
    refuses(['act', 'handover'], /act needs a verb and a name: mainstay act VERB NAME/);
    refuses(['act', 'a', 'b', 'c'], /unexpected argument "c"/);
    refuses(['actions', 'x'], /unexpected argument "x"/);
  });

  it('print help, version and signal numbers', () => {
    assert.equal(readArguments(['--help']).kind, 'help');
    assert.equal(readArguments(['status', '-h']).kind, 'help');
    assert.equal(readArguments(['-v']).kind, 'version');
    assert.deepEqual(readArguments(['--signum=STOP']), { kind: 'signum', signal: 'STOP' });
  });
});
