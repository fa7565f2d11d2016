/** `mainstay check` as a command: ten mistakes in one file, each with its place and what to do, and the exit codes of keepalived. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { runCommand } from './daemon-harness.js';

const clean = `global_defs {
    router_id edge-1
}

vrrp_instance VI_1 {
    interface lo
    virtual_router_id 51
    priority 150
    virtual_ipaddress {
        192.0.2.1/24
    }
}
`;

/** What is wrong stands in the comment; a mistake and its place are found by it. */
const tenMistakes = `global_defs {
    router_idd edge-1             # 1: a misspelt keyword
    priority 100                  # 2: a keyword in the wrong block
}

vrrp_instance VI_1 {
    interface lo
    virtual_router_id 51
    priority 300                  # 3: out of range
    virtual_ipaddress {
        192.0.2.300/24            # 4: no address
        192.0.2.1/33              # 5: no prefix length
    }
}

vrrp_instance VI_2 {              # 6: virtual_router_id is missing
    interface lo
    state MASTR                   # 7: an unknown value
    virtual_ipaddress {
        192.0.2.2
    }
}

vrrp_instance VI_3 {
    interface lo
    virtual_router_id 53
    virtual_ipaddress {
        192.0.2.3
    }
}

vrrp_instance VI_4 {
    interface lo
    virtual_router_id 53          # 8: the router id of VI_3
    virtual_ipaddress {
        192.0.2.4
    }
    authentication {
        auth_type PASS
        auth_pass s3cret99
    }
}
}                                 # 9: a surplus brace

vrrp_sync_group VG_1 {            # 10: not built
    group {
    }
}
`;

describe('mainstay check', function () {
  this.timeout(60_000);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mainstay-check-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    // The folder of hooks that a machine may have is not the test's business.
    writeFileSync(file, `${text}notify_hooks_dir ${folder}/hooks\n`);
    return file;
  };

  it('passes a clean file with 0', async () => {
    const { code, output } = await runCommand('check', '-f', write('clean.conf', clean));
    assert.equal(code, 0, output);
    assert.match(output, /1 file: no mistakes found/);
  });

  it('reports ten mistakes at once, each with file, line, column and what to do, and ends with 5', async () => {
    const file = write('ten.conf', tenMistakes);
    const { code, output } = await runCommand('check', '-f', file);
    assert.equal(code, 5, output);
    const said = output.split('\n').filter((line) => line.includes(': error: '));
    const expected: readonly (readonly [place: string, what: RegExp])[] = [
      ['2:5', /"router_idd" is not a keyword of global_defs \(did you mean "router_id"\?\) \[CONFIG_UNKNOWN_KEYWORD\]/],
      ['3:5', /"priority" is not a keyword of global_defs \(it belongs into vrrp_instance\) \[CONFIG_UNKNOWN_KEYWORD\]/],
      ['9:14', /300 is out of range: 1\.\.255 .*\[CONFIG_OUT_OF_RANGE\]/],
      ['11:9', /192\.0\.2\.300/],
      ['12:9', /33/],
      ['16:1', /vrrp_instance VI_2 lacks virtual_router_id.*add: virtual_router_id 1\.\.255.*\[CONFIG_MISSING_KEYWORD\]/],
      ['18:11', /"MASTR" is not one of MASTER, BACKUP \(did you mean "MASTER"\?\) \[CONFIG_BAD_VALUE\]/],
      ['34:5', /53.*\[VRRP_DUPLICATE_VRID\]/],
      ['43:1', /no open block that this } could close.*\[CONFIG_BRACE_SURPLUS\]/],
      ['45:1', /vrrp_sync_group: synchronised groups of VRRP instances is not built yet .*\[CONFIG_NOT_BUILT\]/],
    ];
    assert.deepEqual(
      said.map((line) => line.slice(0, line.indexOf(': error: '))),
      expected.map(([place]) => `${file}:${place}`),
      output,
    );
    for (const [i, [, what]] of expected.entries()) assert.match(said[i] ?? '', what);
    assert.match(output, /1 file: 10 errors, \d warnings?/);
    assert.doesNotMatch(output, /s3cret99/);
  });

  it('names the file of a mistake in an included one', async () => {
    mkdirSync(join(folder, 'conf.d'));
    writeFileSync(join(folder, 'conf.d/a.conf'), 'vrrp_instance A {\n    prioritty 1\n}\n');
    const { code, output } = await runCommand('check', '-f', write('main.conf', 'include conf.d/*.conf\n'));
    assert.equal(code, 5);
    assert.match(output, new RegExp(`^${folder}/conf\\.d/a\\.conf:2:5: error: .*did you mean "priority"`, 'm'));
    assert.match(output, /2 files: /);
  });

  it('gives the same as JSON', async () => {
    const { code, output } = await runCommand('check', '--json', '-f', write('ten.conf', tenMistakes));
    const { ok, diagnostics } = JSON.parse(output) as { ok: boolean; diagnostics: { severity: string; at: { line: number } }[] };
    assert.equal(code, 5);
    assert.equal(ok, false);
    const lines = diagnostics.filter(({ severity }) => severity === 'error').map(({ at }) => at.line);
    assert.deepEqual(lines, [2, 3, 9, 11, 12, 16, 18, 34, 43, 45]);
  });

  it('passes with warnings where nothing that decides about failover is left out', async () => {
    const withMail = clean
      .replace('priority 150', 'priority 150\n    smtp_alert')
      .replace('router_id', 'smtp_server 192.0.2.25\n    router_id');
    const { code, output } = await runCommand('check', '-f', write('mail.conf', withMail));
    assert.equal(code, 0, output);
    assert.match(output, /mail\.conf:10:5: warning: mail is not built yet: no mail will be sent/);
    assert.match(output, /0 errors, 2 warnings/);
  });

  it('reads YAML, with places', async () => {
    const file = join(folder, 'mainstay.config.yaml');
    writeFileSync(
      file,
      'vrrp_instance:\n  VI_1:\n    interface: lo\n    virtual_router_id: 510\n    virtual_ipaddress: [192.0.2.1]\n',
    );
    const { code, output } = await runCommand('check', '-f', file);
    assert.equal(code, 5);
    assert.match(output, /mainstay\.config\.yaml:4:24: error: 510 is out of range: 1\.\.255/);
  });

  it('ends with 4 where there is no such file', async () => {
    const { code, output } = await runCommand('check', '-f', join(folder, 'nothing.conf'));
    assert.equal(code, 4, output);
    assert.match(output, /nothing\.conf/);
  });
});
