/** The log: its forms, its secrets, and sinks that stall. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  consoleLine,
  type Delivery,
  fileWriter,
  inheritedWriter,
  journalLine,
  jsonLine,
  LineBuffer,
  Logger,
  type LogRecord,
  syslogDatagram,
} from '@mainstay/core';
import { describe, it } from 'mocha';

const record: LogRecord = {
  level: 'warn',
  plugin: 'vrrp',
  message: '(VI_1) Entering MASTER STATE',
  fields: { priority: 100 },
  at: 0,
};

describe('the forms of a log record', () => {
  it('are a line for people, the journal, syslog and JSON', () => {
    assert.match(
      consoleLine(record),
      /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.000 vrrp: warning: \(VI_1\) Entering MASTER STATE priority=100\n$/,
    );
    assert.equal(journalLine(record), '<4>vrrp: warning: (VI_1) Entering MASTER STATE priority=100\n');
    assert.match(syslogDatagram(record, 3, 'mainstay', 7), /^<28>\w{3} [ \d]\d [\d:]{8} mainstay\[7\]: vrrp: warning: \(VI_1\)/);
    assert.deepEqual(JSON.parse(jsonLine(record, 7)), {
      level: 40,
      time: 0,
      pid: 7,
      plugin: 'vrrp',
      priority: 100,
      msg: '(VI_1) Entering MASTER STATE',
    });
  });

  it('are one line each, whatever was said', () => {
    const forged = consoleLine({ ...record, message: 'a\nNov 23 22:01:05.000 vrrp: forged\u0000\u001b[2J' });
    assert.equal(forged.indexOf('\n'), forged.length - 1);
    assert.equal(/\p{Cc}/u.test(forged.trimEnd()), false);
    assert.ok(consoleLine({ ...record, message: 'x'.repeat(100_000) }).length < 9000);
  });

  it('carry no secret', () => {
    const fields = { auth_pass: 'hunter2', password: 'hunter2', apiToken: 'hunter2', user: 'anna' };
    for (const line of [consoleLine({ ...record, fields }), jsonLine({ ...record, fields }, 1)]) {
      assert.doesNotMatch(line, /hunter2/);
      assert.match(line, /anna/);
    }
  });

  it('survive fields that cannot be written', () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    assert.match(jsonLine({ ...record, fields: { loop, big: 1n } }, 1), /not representable/);
    assert.match(consoleLine({ ...record, fields: { loop } }), /loop=/);
  });
});

describe('a sink that stalls', () => {
  it('keeps a bounded number of bytes, drops the rest, and goes on later', () => {
    const taken: string[] = [];
    let isStalled = true;
    let again: (() => void) | undefined;
    const tryWrite = (bytes: Uint8Array) => {
      if (isStalled) return 0;
      taken.push(Buffer.from(bytes).toString());
      return bytes.length;
    };
    const buffer = new LineBuffer({ tryWrite, later: (retry) => (again = retry), limit: 30 });
    for (let i = 0; i < 10; i++) buffer.write(`line ${i}\n`);
    assert.deepEqual([buffer.dropped, buffer.isEmpty], [6, false]);
    isStalled = false;
    again?.();
    assert.equal(taken.join(''), 'line 0\nline 1\nline 2\nline 3\n');
    assert.deepEqual([buffer.isEmpty, buffer.takeDropCount(), buffer.takeDropCount()], [true, 6, 0]);
  });

  it('continues in the middle of a line', () => {
    let text = '';
    let again: (() => void) | undefined;
    const tryWrite = (bytes: Uint8Array) => {
      const part = Buffer.from(bytes).subarray(0, 4);
      text += part.toString();
      return part.length;
    };
    const buffer = new LineBuffer({ tryWrite, later: (retry) => (again = retry) });
    buffer.write('0123456789\n');
    while (!buffer.isEmpty) again?.();
    assert.equal(text, '0123456789\n');
  });

  it('says how many lines were lost, once it takes lines again', () => {
    let text = '';
    let isStalled = true;
    const write = (bytes: Uint8Array) => {
      if (isStalled) return 0;
      text += Buffer.from(bytes).toString();
      return bytes.length;
    };
    const logger = new Logger({ least: 'info', pid: 1, now: () => 0, lines: [{ write, format: 'console' }], retryMs: 1 });
    for (let i = 0; i < 200; i++) logger.say('info', 'y'.repeat(8000));
    assert.ok(logger.dropped > 0);
    isStalled = false;
    logger.flush();
    logger.say('info', 'after');
    const last = text
      .split('\n')
      .slice(-3)
      .map((line) => line.slice(0, 80));
    assert.match(last.join('\n'), /\d+ log lines were lost here.*\n.*after\n$/);
  });

  it('does not block on a full pipe', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mainstay-log-'));
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, 'r+');
    try {
      const write = inheritedWriter(reader);
      const line = Buffer.alloc(4096, 'x');
      let written = 0;
      for (let i = 0; i < 100; i++) written += write(line);
      assert.ok(written > 0 && written < 100 * line.length, `${written} bytes`);
    } finally {
      closeSync(reader);
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the system log', () => {
  const record = { level: 'info' as const, plugin: 'x', message: 'hello', at: 0 };
  function logTo(answers: Delivery[], hasConsole: boolean) {
    let text = '';
    const write = (bytes: Uint8Array) => {
      text += Buffer.from(bytes).toString();
      return bytes.length;
    };
    const logger = new Logger({
      least: 'debug',
      pid: 1,
      now: () => 0,
      lines: hasConsole ? [{ write, format: 'console' }] : [],
      syslog: { send: () => answers.shift() ?? 'sent', facility: 3, ident: 'mainstay' },
    });
    return { logger, text: () => text };
  }

  it('may be absent: that is said once, and nothing is lost that another log has', () => {
    const { logger, text } = logTo(['absent', 'absent', 'sent', 'lost'], true);
    for (let i = 0; i < 4; i++) logger.write(record);
    assert.equal(text().split('there is no system log').length, 2);
    assert.equal(logger.dropped, 1);
  });

  it('is missed where it is the only log', () => {
    const { logger } = logTo(['absent', 'absent'], false);
    for (let i = 0; i < 3; i++) logger.write(record);
    assert.equal(logger.dropped, 2);
  });
});

describe('a log file', () => {
  it('is private, and never a symbolic link', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mainstay-log-'));
    try {
      const path = join(folder, 'log');
      fileWriter(path)(Buffer.from('hello\n'));
      assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['hello\n', 0o600]);
      symlinkSync(path, join(folder, 'link'));
      assert.throws(() => fileWriter(join(folder, 'link')), { code: 'ELOOP' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
