/**
 * The grammar against keepalived itself: one configuration with every feature, read by both; the virtual addresses of each
 * instance must be the same. keepalived runs in a network namespace of its own and writes what it read.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is keepalived's syntax, too.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@mainstay/core';
import { describe, it } from 'mocha';

/** Content of `virtual_ipaddress`, and lines before the instance. */
const cases: readonly (readonly [inside: string, before?: string])[] = [
  ['10.0.0.1\n10.0.0.2'],
  ['10.0.0.1 # }\n! }\n10.0.0.2!x\n10.0.0.3#'],
  ['10.0.0.1\r\n\t10.0.0.2\r\n'],
  ['"10.0.0.1"\n "10.0.0.2" dev d0'],
  ['~SEQ(A,3) 10.0.0.$A'],
  ['~SEQ(B,-1) 10.0.1.1\n~SEQ(B2,0) 10.0.0.${B2}'],
  ['~SEQ(C,4,2) 10.0.0.${C}'],
  ['~SEQ(D,1,3,9) 10.0.0.${D}\n~SEQ(D2,010,0x9) 10.0.1.${D2}'],
  ['~SEQ(E,9,-4,0) 10.0.0.${E}'],
  ['~SEQx(F,0x9,0x11) fe80::${F}'],
  ['~LST(G,5,7,6) 10.0.0.$G\n10.0.1.$G'],
  ['~LST({H,  I}, {1,2},{3, 4}) 10.0.${H}.${I}'],
  ['~LST(J,1,2) ~SEQ(K,5,4) 10.${J}.0.${K}'],
  ['@host 10.0.0.1\n@^host 10.0.0.2\n@other 10.0.0.3\n@^other 10.0.0.4'],
  ['10.0.0.$N\n10.0.1.${N}\n${P}.7', '$N=2\n$P=10.7.${N}'],
  ['${Q_${R}}', '$R=2\n$Q_2=10.0.0.9'],
  ['${S}.1\n$T=5\n${S}.2', '$S=10.0.${T}\n$T=4'],
  ['$U', '$U= \\\n10.0.0.1 \\\n@host 10.0.0.2 \\\n@other 10.0.0.3 \\\n10.0.0.4'],
  ['$V # x', '$V=10.0.0.1 \\ # a\n10.0.0.2 # b \\\n10.0.0.3 \\  \n10.0.0.4'],
  ['$W\n10.0.0.9', '$W= \\\n10.0.0.1 \\\n\n$X=10.0.0.3'],
  ['~SEQ(Y,2) $Z', '$Z= \\\n10.0.0.${Y} \\\n10.0.1.${Y}'],
  // keepalived 2.2.7 reads a file twice whose include stands right behind a brace.
  ['\ninclude one.conf\ninclude sub/*.conf\ninclude {two,one}.conf'],
  ['include sub/deeper/in.conf'],
];

function configuration(): string {
  return cases
    .map(([inside, before = ''], i) => {
      const body = `interface d0\nvirtual_router_id ${i + 1}\nno_virtual_ipaddress\n`;
      return i % 2 === 0
        ? `${before}\nvrrp_instance I${i} {\n${body}virtual_ipaddress {\n${inside}\n}\n}\n`
        : `${before}\nvrrp_instance "I${i}"\n{ ${body} virtual_ipaddress\n { ${inside}\n} }\n`;
    })
    .join('');
}

function writeFiles(folder: string): string {
  mkdirSync(join(folder, 'sub/deeper'), { recursive: true });
  writeFileSync(join(folder, 'one.conf'), '10.0.0.1\n');
  writeFileSync(join(folder, 'two.conf'), '10.0.0.2\n');
  writeFileSync(join(folder, 'sub/b.conf'), '10.0.0.4\n');
  writeFileSync(join(folder, 'sub/a.conf'), '10.0.0.3');
  writeFileSync(join(folder, 'sub/deeper/in.conf'), 'include ../../two.conf\ninclude up.conf\n10.0.0.7\n');
  writeFileSync(join(folder, 'sub/deeper/up.conf'), '10.0.0.6\n');
  const file = join(folder, 'main.conf');
  writeFileSync(file, configuration());
  return file;
}

/** Instance -> addresses, of keepalived's dump of what it read. */
function keepalivedReads(file: string, folder: string): Record<string, string[]> {
  const script = `ip link set lo up; ip link add d0 type veth peer name d1; ip addr add 10.99.0.1/24 dev d0; ip link set d0 up; ip link set d1 up
exec timeout -s TERM 1.5 keepalived -P -n -l -D -d -i host -f ${file} -p ${folder}/k.pid -r ${folder}/v.pid`;
  const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8', timeout: 30_000 });
  const found: Record<string, string[]> = {};
  let current: string[] = [];
  for (const line of `${stdout}${stderr}`.split('\n').map((one) => one.replace(/^.*? \d{4}: /, ''))) {
    const name = /VRRP Instance = (\S+)/.exec(line)?.[1];
    if (name !== undefined) {
      current = [];
      found[name] = current;
    }
    const address = /^\s+([0-9a-f.:]+)(?:\/\d+)? dev d0/.exec(line)?.[1];
    if (address !== undefined) current.push(address);
  }
  return found;
}

describe("the grammar and keepalived's", function () {
  this.timeout(60_000);

  it('read the same addresses from every feature', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mainstay-grammar-'));
    try {
      const file = writeFiles(folder);
      const { tree, diagnostics } = await loadConfig({ file, configId: 'host' });
      assert.deepEqual(diagnostics, []);
      const ours = tree.statements.map(({ args, block = [] }) => {
        const addresses = block.find(({ keyword }) => keyword.text === 'virtual_ipaddress')?.block ?? [];
        return [args[0]?.text, addresses.map(({ keyword }) => keyword.text)];
      });
      assert.equal(ours.length, cases.length);
      assert.deepEqual(Object.fromEntries(ours), keepalivedReads(file, folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
