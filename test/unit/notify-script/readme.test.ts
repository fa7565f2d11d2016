/** The README's example with the real vrrp plugin on a simulated host: what an operator copies is what runs. */
import assert from 'node:assert/strict';
import { notifyScript } from '@mainstay/notify-script';
import { testPlugin } from '@mainstay/testing';
import vrrp from '@mainstay/vrrp';
import { describe, it } from 'mocha';
import { read } from '../../support/repository.js';

const example = /## Examples\s+```\n(.*?)```/s.exec(read('plugins/notify-script/README.md'))?.[1] ?? '';

describe('notify-script: README', () => {
  it('has an example that runs: backup, master, fault, stop', async () => {
    const plugin = await testPlugin(notifyScript(), { config: example, alongside: [vrrp] });
    const { runs } = plugin.ports.process;
    const texts = (from: number) => runs.slice(from).map(({ command, user }) => `${user}: ${command.join(' ')}`);
    await plugin.advance(10_000);
    assert.deepEqual(texts(0), [
      'root: /etc/mainstay/service.sh stop',
      'nobody: /usr/bin/logger -t vrrp INSTANCE VI_1 BACKUP 100',
      'root: /etc/mainstay/service.sh start',
      'nobody: /usr/bin/logger -t vrrp INSTANCE VI_1 MASTER 100',
    ]);
    plugin.kernel.setLink('eth0', 'down');
    await plugin.advance(10);
    assert.deepEqual(texts(4), ['nobody: /usr/bin/logger -t vrrp INSTANCE VI_1 FAULT 100']);
    await plugin.stop();
    assert.deepEqual(texts(5), ['nobody: /usr/bin/logger -t vrrp INSTANCE VI_1 STOP 100']);
  });
});
