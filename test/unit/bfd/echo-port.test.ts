/** What the bfd plugin promises of the Echo function while it cannot have port 3785, and when it has it at last. */
import assert from 'node:assert/strict';
import { decodeControl } from '@mainstay/bfd';
import { type PacedSocketOptions, PortError, type Run } from '@mainstay/sdk';
import { testPlugin } from '@mainstay/testing';
import { describe, it } from 'mocha';
import { lines, usual } from './lone.js';
import { seededPlugin } from './pair.js';

/** `target` with another value under this name. */
function dressed<T extends object>(target: T, name: string, value: unknown): T {
  const get = (of: T, key: string | symbol) => {
    const found: unknown = key === name ? value : Reflect.get(of, key, of);
    return key !== name && typeof found === 'function' ? found.bind(of) : found;
  };
  return new Proxy({} as T, { get: (_, key) => get(target, key) });
}

describe('the port of echo packets', () => {
  it('is promised to nobody while another program has it', async () => {
    let isTaken = true;
    const plugin = seededPlugin(1, 'router');
    const start = (run: Run) => {
      const { pacemaker } = run.ports;
      const open = (options: PacedSocketOptions) => {
        const { transport } = options;
        if (isTaken && transport.kind === 'udp' && transport.port === 3785)
          throw new PortError('taken [EADDRINUSE]', 'EADDRINUSE');
        return pacemaker.open(options);
      };
      return plugin.start?.(dressed(run, 'ports', dressed(run.ports, 'pacemaker', dressed(pacemaker, 'open', open))));
    };
    const hosts = { router: { eth0: ['192.0.2.1/24'] }, peer: { eth0: ['192.0.2.2/24'] } };
    const tested = await testPlugin({ ...plugin, start }, { config: lines(...usual, 'min_echo_rx 20'), hosts });
    const promised: number[] = [];
    tested.net.segment().watch(({ from, frame }) => {
      const decoded = from === 'router' && frame.ip?.protocol === 17 && decodeControl(frame.ip.payload.subarray(8));
      if (decoded !== false && decoded.ok) promised.push(decoded.packet.requiredMinEchoRxUs);
    });
    await tested.advance(4000);
    assert.deepEqual([...new Set(promised.splice(0))], [0]);
    const said = tested.log.filter(({ message }) => /The Echo function does not work/.test(message));
    assert.equal(said.length, 1);
    isTaken = false;
    await tested.advance(4000);
    assert.equal(promised.at(-1), 20_000);
  });
});
