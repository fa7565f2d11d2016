/** The client: asks the virtual address every few milliseconds and writes one line for each answer: `SEQUENCE ROUTER TIME`. */
import { createSocket } from 'node:dgram';
import { clientAddress, probeEveryMs, virtualAddress } from './story.js';

const socket = createSocket('udp4');
// Time is that of the parent too: milliseconds since the epoch, with decimals.
const now = () => performance.timeOrigin + performance.now();

socket.on('message', (text) => {
  const [sequence, router] = text.toString().split(' ');
  process.stdout.write(`${sequence} ${router} ${now().toFixed(3)}\n`);
});
// Nobody may be there to answer: the silence tells.
socket.on('error', () => undefined);
socket.bind(0, clientAddress, () => {
  const start = now();
  let sequence = 0;
  const ask = () => {
    socket.send(String(++sequence), 7, virtualAddress, () => undefined);
    setTimeout(ask, Math.max(0, start + sequence * probeEveryMs - now()));
  };
  ask();
});
