/** Contract of the `linkLayer` port. */
import assert from 'node:assert/strict';
import { it } from 'mocha';
import { describePortContract } from './support/suite.js';
import { lanLink, type WorldHost } from './support/world.js';

/** Local experimental EtherType 1 (IEEE 802). */
const etherType = 0x88b5;

async function frameOf(host: WorldHost, destination: string, type: number): Promise<Uint8Array> {
  const mac = (text: string) => text.split(':').map((byte) => Number.parseInt(byte, 16));
  const payload = Array.from({ length: 46 }, (_, i) => i);
  return Uint8Array.from([...mac(destination), ...mac((await lanLink(host)).mac), type >> 8, type & 255, ...payload]);
}

describePortContract('linkLayer', (world) => {
  it('carries a whole broadcast frame, byte for byte, to the sockets of its type', async () => {
    const { a, b, eventually, quiet } = world();
    const link = (await lanLink(b)).index;
    const to = await b.ports.openFrames(link, etherType, true);
    const other = await b.ports.openFrames(link, etherType + 1, true);
    const from = await a.ports.openFrames((await lanLink(a)).index, etherType, true);
    const frame = await frameOf(a, 'ff:ff:ff:ff:ff:ff', etherType);
    await a.ports.sendFrame(from, frame);
    await eventually('it arrives', async () => (await b.ports.frames(to)).length > 0);
    await quiet();
    assert.deepEqual(
      (await b.ports.frames(to)).map((bytes) => [...bytes]),
      [[...frame]],
    );
    assert.equal((await b.ports.frames(other)).length, 0);
    assert.equal((await a.ports.frames(from)).length, 0, 'a sender does not hear itself');
    for (const socket of [to, other]) await b.ports.closeSocket(socket);
    await a.ports.closeSocket(from);
  });

  it('carries many frames at once, in order, and those beside one that is refused', async () => {
    const { a, b, eventually } = world();
    const to = await b.ports.openFrames((await lanLink(b)).index, etherType, true);
    const from = await a.ports.openFrames((await lanLink(a)).index, etherType, false);
    const frame = await frameOf(a, 'ff:ff:ff:ff:ff:ff', etherType);
    const numbered = Array.from({ length: 150 }, (_, i) => Uint8Array.from([...frame.subarray(0, 59), i]));
    const tooLong = Uint8Array.from([...frame, ...new Uint8Array(1600)]);
    await a.ports.sendFrames(from, [...numbered.slice(0, 70), tooLong, ...numbered.slice(70)]);
    await eventually('all have come', async () => (await b.ports.frames(to)).length >= 150);
    assert.deepEqual(
      (await b.ports.frames(to)).map((bytes) => bytes.at(-1)),
      Array.from({ length: 150 }, (_, i) => i),
    );
    await eventually('the refusal is told', async () => (await a.ports.errors(from)).some((text) => /\[EMSGSIZE\]/.test(text)));
    assert.equal((await a.ports.errors(from)).length, 1);
    await a.ports.sendFrames(from, []);
    await a.ports.closeSocket(from);
    await a.ports.sendFrames(from, [frame]);
    await b.ports.closeSocket(to);
  });

  it('receives nothing without onFrame, nor after close', async () => {
    const { a, b, quiet } = world();
    const link = (await lanLink(b)).index;
    const silent = await b.ports.openFrames(link, etherType, false);
    const closed = await b.ports.openFrames(link, etherType, true);
    await b.ports.closeSocket(closed);
    const from = await a.ports.openFrames((await lanLink(a)).index, etherType, false);
    await a.ports.sendFrame(from, await frameOf(a, 'ff:ff:ff:ff:ff:ff', etherType));
    await quiet();
    assert.equal((await b.ports.frames(silent)).length, 0);
    assert.equal((await b.ports.frames(closed)).length, 0);
  });

  it('refuses a link that does not exist', async () => {
    await assert.rejects(world().a.ports.openFrames(9999, etherType, false), /\[ENODEV\]/);
  });

  it('reports a send on a link that is down to onError, and works again afterwards', async () => {
    const { a, b, eventually } = world();
    const from = await a.ports.openFrames((await lanLink(a)).index, etherType, true);
    const to = await b.ports.openFrames((await lanLink(b)).index, etherType, true);
    await a.setLink('down');
    const frame = await frameOf(a, 'ff:ff:ff:ff:ff:ff', etherType);
    await a.ports.sendFrame(from, frame);
    await eventually('the error is reported', async () => (await a.ports.errors(from)).some((text) => /\[ENETDOWN\]/.test(text)));
    await a.setLink('up');
    await eventually('both links are up', async () => (await lanLink(a)).isUp && (await lanLink(b)).isUp);
    await eventually('frames flow again', async () => {
      await a.ports.sendFrame(from, frame);
      return (await b.ports.frames(to)).length > 0;
    });
  });
});
